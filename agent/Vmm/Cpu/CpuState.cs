using System.Runtime.InteropServices;
using Appliance.Linux.Kvm;
using Appliance.Linux.Libc;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Cpu;

/// <summary>Everything of a processor that a guest could notice, as KVM keeps it. On the processor's own thread, while it is paused.</summary>
internal static class CpuState
{
    public static readonly uint Tag = StateFormat.Tag("CPU "u8);

    private const ushort Version = 1;

    private const uint MSR_IA32_TSC_DEADLINE = 0x6E0;

    // The kernel's list leaves out the memory types; a guest may read what it or its firmware wrote there.
    private const uint MSR_MTRRdefType = 0x2FF;
    private const uint FirstVariableMtrr = 0x200, VariableMtrrs = 16;
    private static readonly uint[] FixedMtrrs = [0x250, 0x258, 0x259, 0x268, 0x269, 0x26A, 0x26B, 0x26C, 0x26D, 0x26E, 0x26F];

    // KVM itself takes a rate for the same within 250 parts per million (kvm.tsc_tolerance_ppm).
    private const uint TolerancePerMillion = 250;

    /// <summary>The registers to save: what the kernel lists, and the memory types.</summary>
    public static uint[] MsrsToSave(KvmSystem kvm) =>
    [
        .. kvm.GetMsrIndexes(), MSR_MTRRdefType, .. FixedMtrrs, .. Enumerable.Range((int)FirstVariableMtrr, (int)VariableMtrrs).Select(static msr => (uint)msr),
    ];

    /// <param name="msrs">From <see cref="MsrsToSave"/>; those that this processor has not are skipped.</param>
    public static void Save(KvmCpu cpu, uint number, ReadOnlySpan<kvm_cpuid_entry2> cpuid, ReadOnlySpan<uint> msrs, StateWriter writer)
    {
        writer.Begin(Tag, number, Version);
        writer.PutBlock(MemoryMarshal.AsBytes(cpuid));
        writer.Put(cpu.TscKhz);
        writer.Put(cpu.MultiprocessorState);        // first: reading it makes KVM take in pending INIT and SIPI
        writer.Put(cpu.Registers);
        writer.Put(cpu.SpecialRegisters);
        writer.Put(cpu.ExtendedControlRegisters);
        writer.PutBlock(cpu.GetExtendedState());
        writer.Put(cpu.DebugRegisters);
        writer.Put(cpu.LocalApic);
        writer.PutBlock(MemoryMarshal.AsBytes<kvm_msr_entry>(cpu.GetMsrs(msrs)));
        writer.PutBlock(cpu.GetNestedState());
        writer.Put(cpu.Events);
    }

    /// <summary>CPUID comes first, for registers exist by it; the local APIC before the deadline that arms its timer; events last, for other calls clear them.</summary>
    /// <param name="cpuid">What CPUID answers in the guest.</param>
    /// <returns>How many model-specific registers this kernel refused.</returns>
    public static int Restore(KvmCpu cpu, StateReader reader, uint number, out kvm_cpuid_entry2[] cpuid)
    {
        var state = reader.Get(Tag, number, Version);
        cpuid = state.TakeList<kvm_cpuid_entry2>().ToArray();
        cpu.SetCpuid(cpuid);
        SetTscRate(cpu, state.Take<uint>());
        var multiprocessor = state.Take<kvm_mp_state>();
        var registers = state.Take<kvm_regs>();
        cpu.SpecialRegisters = state.Take<kvm_sregs>();
        cpu.ExtendedControlRegisters = state.Take<kvm_xcrs>();
        cpu.SetExtendedState(state.TakeBlock());
        cpu.DebugRegisters = state.Take<kvm_debugregs>();
        var apic = state.Take<kvm_lapic_state>();
        var msrs = state.TakeList<kvm_msr_entry>();
        int refused = cpu.SetMsrs(Without(msrs, MSR_IA32_TSC_DEADLINE));
        cpu.Registers = registers;
        cpu.SetNestedState(state.TakeBlock());
        cpu.LocalApic = apic;
        refused += cpu.SetMsrs(Only(msrs, MSR_IA32_TSC_DEADLINE));
        cpu.MultiprocessorState = multiprocessor;
        cpu.Events = state.Take<kvm_vcpu_events>();
        return refused;
    }

    private static void SetTscRate(KvmCpu cpu, uint wanted)
    {
        uint own = cpu.TscKhz;
        uint tolerated = (uint)((ulong)own * TolerancePerMillion / 1_000_000);
        if (wanted >= own - tolerated && wanted <= own + tolerated)
            return;
        if (cpu.TrySetTscKhz(wanted) is var errno && errno != Errno.None)
            throw new SnapshotException($"the guest's time stamp counter runs at {wanted} kHz, this machine's at {own} kHz, and it cannot be changed ({errno})");
    }

    private static kvm_msr_entry[] Without(ReadOnlySpan<kvm_msr_entry> msrs, uint index) => Array.FindAll(msrs.ToArray(), msr => msr.index != index);

    private static kvm_msr_entry[] Only(ReadOnlySpan<kvm_msr_entry> msrs, uint index) => Array.FindAll(msrs.ToArray(), msr => msr.index == index);
}
