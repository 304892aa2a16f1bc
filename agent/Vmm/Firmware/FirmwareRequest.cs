using Appliance.Linux.Libc;
using Appliance.Vmm.Acpi;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Smbios;

namespace Appliance.Vmm.Firmware;

/// <summary>What a machine boots with that has firmware.</summary>
/// <param name="Rom">The firmware's file; stays the caller's.</param>
/// <param name="DiskSlots">PCI slots of the disks, in the order in which they are tried.</param>
internal sealed record FirmwareRequest(Fd Rom, GuestMemory Memory, AcpiMachine Acpi, SystemIdentity Identity, IReadOnlyList<int> DiskSlots);
