namespace Appliance.Vmm.Boot;

internal enum BootProtocol
{
    /// <summary>Linux x86 64-bit boot protocol.</summary>
    Linux64,

    /// <summary>Xen's direct boot of PVH guests.</summary>
    Pvh,
}

/// <summary>A kernel in guest RAM.</summary>
/// <param name="Address">Guest physical address of its first instruction.</param>
/// <param name="End">First byte behind what it needs until it has set up its own memory management.</param>
/// <param name="SetupHeader">The setup header of a bzImage, from offset 0x1F1 of the boot parameters on; empty for others.</param>
/// <param name="InitrdMax">Highest address an initrd's last byte may have.</param>
/// <param name="CommandLineMax">Bytes of command line without the final zero.</param>
internal sealed record KernelEntry(
    BootProtocol Protocol, ulong Address, ulong End, ReadOnlyMemory<byte> SetupHeader, ulong InitrdMax, uint CommandLineMax);

/// <summary>Why an image does not boot, for whoever brought it.</summary>
internal sealed record BootFault(string Reason);
