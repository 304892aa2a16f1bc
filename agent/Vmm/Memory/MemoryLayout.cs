namespace Appliance.Vmm.Memory;

/// <summary>Where things lie in the guest's physical address space. What a guest's kernel learns of it, it learns from the E820 map and ACPI.</summary>
internal static class MemoryLayout
{
    public const ulong KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB;

    /// <summary>Tables that exist only for the first instructions: GDT, page tables, boot parameters, PVH start info, command line.</summary>
    public const ulong BootGdt = 0x500;
    public const ulong BootStack = 0x8000;
    public const ulong BootParameters = 0x7000;
    public const ulong PvhStartInfo = 0x6000;
    public const ulong PvhMemoryMap = 0x6100;
    public const ulong PvhModules = 0x6080;
    public const ulong PageTables = 0x9000;
    public const ulong CommandLine = 0x20000;
    public const uint CommandLineMaxBytes = 0x10000;

    /// <summary>RAM below the first MiB ends where PCs have the extended BIOS data area.</summary>
    public const ulong LowRamEnd = 0x9FC00;

    /// <summary>ACPI tables, in the area where kernels search for the RSDP too.</summary>
    public const ulong AcpiTables = 0xE0000;
    public const ulong AcpiTablesEnd = 0xFFFF0;         // the reset vector

    public const ulong HighRamStart = 1 * MiB;

    /// <summary>RAM beyond this continues above 4 GiB: between them are devices.</summary>
    public const ulong HoleStart = 3 * GiB;
    public const ulong HoleEnd = 4 * GiB;

    public const ulong VirtioMmioStart = 0xD000_0000;
    public const ulong VirtioMmioSlotBytes = 0x1000;

    /// <summary>BARs of PCI functions.</summary>
    public const ulong PciWindowStart = 0xE000_0000;
    public const ulong PciWindowEnd = 0xF000_0000;

    public const uint IoApic = 0xFEC0_0000;
    public const uint LocalApic = 0xFEE0_0000;

    /// <summary>Pages for KVM itself, above the APICs and below the reset vector.</summary>
    public const ulong IdentityMap = 0xFFFB_C000;
    public const uint TaskState = 0xFFFB_D000;
}
