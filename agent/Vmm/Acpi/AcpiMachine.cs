namespace Appliance.Vmm.Acpi;

/// <summary>A virtio device without a bus, found by its ACPI node.</summary>
internal sealed record AcpiMmioDevice(uint Address, uint LengthBytes, uint Interrupt);

/// <summary>What the tables tell the guest's kernel.</summary>
/// <param name="EventInterrupt">Edge-triggered GSI of the generic event device, see <see cref="EventPorts"/>.</param>
/// <param name="HasPci">There is a PCI host bridge, with slots that are filled and emptied while the guest runs.</param>
/// <param name="HasWatchdog">There is a <see cref="Watchdogs.Watchdog"/>.</param>
internal sealed record AcpiMachine(
    int CpuCount, uint EventInterrupt, bool HasPci, IReadOnlyList<AcpiMmioDevice> MmioDevices, bool HasWatchdog = false);
