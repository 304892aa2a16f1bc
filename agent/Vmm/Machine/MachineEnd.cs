namespace Appliance.Vmm.Machine;

/// <summary>Why a machine runs no more.</summary>
internal enum MachineEnd
{
    None,

    /// <summary>The guest switched itself off.</summary>
    PowerOff,

    /// <summary>The guest asked for a reset, or a processor had a triple fault, which is one.</summary>
    Reset,

    /// <summary>A processor could not go on: <see cref="VirtualMachine.Failure"/>.</summary>
    CpuFailure,

    /// <summary>It runs in another process now.</summary>
    Migrated,

    /// <summary>The machine was told to stop.</summary>
    Stopped,
}
