namespace Appliance.Vmm.Cpu;

/// <summary>Counts of one processor since it was made; written by its thread, read by anyone.</summary>
internal sealed class CpuMetrics
{
    /// <summary>Returns from guest mode to the VMM, without kicks.</summary>
    public long Exits;

    public long PortExits;

    public long MemoryExits;

    /// <summary>Times the thread was called out of the guest.</summary>
    public long Kicks;
}
