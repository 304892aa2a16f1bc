using Appliance.Vmm.Smbios;

namespace Appliance.Vmm.Machine;

/// <summary>What a machine is made of before any device.</summary>
/// <param name="MemoryBytes">Multiple of 4096.</param>
/// <param name="UsesPci">Virtio devices are PCI functions; otherwise memory-mapped, found through ACPI.</param>
internal sealed record MachineOptions(int CpuCount, ulong MemoryBytes, bool UsesPci = true)
{
    /// <summary>What the guest learns of the machine's maker. cloud-init recognizes an OpenStack server by this product name (tools/ds-identify).</summary>
    public SystemIdentity Identity { get; init; } = new(Guid.Empty, "Appliance", "OpenStack Compute");
}
