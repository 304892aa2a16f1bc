namespace Appliance.Vmm.Acpi;

/// <summary>A virtio device without a bus, found by its ACPI node.</summary>
internal sealed record AcpiMmioDevice(uint Address, uint LengthBytes, uint Interrupt);

/// <summary>What the tables tell the guest's kernel.</summary>
/// <param name="PowerInterrupt">Edge-triggered GSI of the generic event device: the power button.</param>
/// <param name="HasPci">There is a PCI host bridge.</param>
internal sealed record AcpiMachine(int CpuCount, uint PowerInterrupt, bool HasPci, IReadOnlyList<AcpiMmioDevice> MmioDevices);
