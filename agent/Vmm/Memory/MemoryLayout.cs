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
    public const ulong AcpiTablesEnd = 0xF0000;

    /// <summary>SMBIOS tables, where kernels search for their anchor. They end below the reset vector.</summary>
    public const ulong Smbios = 0xF0000;

    public const ulong HighRamStart = 1 * MiB;

    /// <summary>RAM beyond this continues above 4 GiB: between them are devices.</summary>
    public const ulong HoleStart = 3 * GiB;
    public const ulong HoleEnd = 4 * GiB;

    public const ulong VirtioMmioStart = 0xD000_0000;
    public const ulong VirtioMmioSlotBytes = 0x1000;

    /// <summary>BARs of PCI functions.</summary>
    public const ulong PciWindowStart = 0xE000_0000;
    public const ulong PciWindowEnd = 0xFEC0_0000;      // firmware packs them against the I/O APIC

    /// <summary>The page of the generation id, outside of RAM and of the windows.</summary>
    public const uint GenerationPage = 0xFED8_0000;

    public const uint IoApic = 0xFEC0_0000;
    public const uint LocalApic = 0xFEE0_0000;

    /// <summary>Pages for KVM itself, above the APICs and below any firmware.</summary>
    public const ulong IdentityMap = 0xFEFF_C000;
    public const uint TaskState = 0xFEFF_D000;

    /// <summary>A firmware's ROM ends where the hole ends, with the processors' first instruction in its last 16 bytes.</summary>
    public const ulong FirmwareMaxBytes = 16 * MiB;

    /// <summary>Where PCs show the last part of the ROM to 16-bit code, in RAM: it changes itself there.</summary>
    public const ulong FirmwareShadow = 0xE0000;
}
