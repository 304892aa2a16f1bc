using Appliance.Linux.Kvm;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Machine;

/// <summary>What KVM keeps for a machine as a whole: its clock and the interrupt controllers that all processors share.</summary>
internal static class PlatformState
{
    private const ushort ClockVersion = 1;
    private const ushort ChipVersion = 1;
    private static readonly uint ClockTag = StateFormat.Tag("CLCK"u8);
    private static readonly uint ChipTag = StateFormat.Tag("IRQC"u8);
    private static readonly uint[] Chips = [KvmConstants.KVM_IRQCHIP_PIC_MASTER, KvmConstants.KVM_IRQCHIP_PIC_SLAVE, KvmConstants.KVM_IRQCHIP_IOAPIC];

    public static void Save(KvmMachine machine, StateWriter writer)
    {
        writer.Begin(ClockTag, 0, ClockVersion);
        writer.Put(machine.Clock);
        foreach (uint chip in Chips)
        {
            writer.Begin(ChipTag, chip, ChipVersion);
            writer.Put(machine.GetIrqchip(chip));
        }
    }

    /// <param name="advances">By the real time that has passed since, where the kernels on both sides know it.</param>
    public static void RestoreClock(KvmMachine machine, StateReader reader, bool advances)
    {
        var saved = reader.Get(ClockTag, 0, ClockVersion).Take<kvm_clock_data>();
        saved.flags = advances ? saved.flags & KvmConstants.KVM_CLOCK_REALTIME : 0;
        machine.Clock = saved;
    }

    public static void RestoreChips(KvmMachine machine, StateReader reader)
    {
        foreach (uint chip in Chips)
        {
            var state = reader.Get(ChipTag, chip, ChipVersion).Take<kvm_irqchip>();
            state.chip_id = chip;
            machine.SetIrqchip(state);
        }
    }
}
