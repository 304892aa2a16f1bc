namespace Appliance.Vmm.Machine;

/// <summary>What a machine is doing. Made → Running ⇄ Paused → Ended.</summary>
internal enum MachineState
{
    /// <summary>It has not run yet.</summary>
    Made,

    Running,

    /// <summary>No processor is in the guest, no device touches its memory, nothing is in flight.</summary>
    Paused,

    /// <summary>For good: <see cref="VirtualMachine.EndReason"/>.</summary>
    Ended,
}
