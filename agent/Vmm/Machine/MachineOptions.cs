namespace Appliance.Vmm.Machine;

/// <summary>What a machine is made of before any device.</summary>
/// <param name="MemoryBytes">Multiple of 4096.</param>
/// <param name="UsesPci">Virtio devices are PCI functions; otherwise memory-mapped, found through ACPI.</param>
internal sealed record MachineOptions(int CpuCount, ulong MemoryBytes, bool UsesPci = true);
