using System.Buffers.Binary;
using Appliance.Linux.Kvm;

namespace Appliance.Vmm.Cpu;

/// <summary>What firmware would have set before a kernel runs: model-specific registers, floating point unit, local interrupt pins.</summary>
internal static class CpuReset
{
    // asm/msr-index.h
    private const uint MSR_IA32_TSC = 0x10;
    private const uint MSR_IA32_SYSENTER_CS = 0x174;
    private const uint MSR_IA32_SYSENTER_ESP = 0x175;
    private const uint MSR_IA32_SYSENTER_EIP = 0x176;
    private const uint MSR_IA32_MISC_ENABLE = 0x1A0;
    private const uint MSR_MTRRdefType = 0x2FF;
    private const uint MSR_STAR = 0xC000_0081;
    private const uint MSR_LSTAR = 0xC000_0082;
    private const uint MSR_CSTAR = 0xC000_0083;
    private const uint MSR_SYSCALL_MASK = 0xC000_0084;
    private const uint MSR_KERNEL_GS_BASE = 0xC000_0102;

    private const ulong FastStrings = 1;
    private const ulong MtrrEnabledWriteBack = 0x806;

    // Local APIC registers and delivery modes, asm/apicdef.h.
    private const int APIC_LVT0 = 0x350;
    private const int APIC_LVT1 = 0x360;
    private const uint ModeMask = 0x700;
    private const uint ModeNmi = 0x400;
    private const uint ModeExtInt = 0x700;

    private static readonly kvm_msr_entry[] Msrs =
    [
        new() { index = MSR_IA32_SYSENTER_CS },
        new() { index = MSR_IA32_SYSENTER_ESP },
        new() { index = MSR_IA32_SYSENTER_EIP },
        new() { index = MSR_STAR },
        new() { index = MSR_LSTAR },
        new() { index = MSR_CSTAR },
        new() { index = MSR_SYSCALL_MASK },
        new() { index = MSR_KERNEL_GS_BASE },
        new() { index = MSR_IA32_TSC },
        new() { index = MSR_IA32_MISC_ENABLE, data = FastStrings },
        new() { index = MSR_MTRRdefType, data = MtrrEnabledWriteBack },
    ];

    /// <summary>CPUID first: since Linux 6.13 KVM decides by it which registers exist.</summary>
    /// <returns>How many registers the kernel refused; some back ends lack one or two.</returns>
    public static int Apply(KvmCpu cpu, ReadOnlySpan<kvm_cpuid_entry2> cpuid)
    {
        cpu.SetCpuid(cpuid);
        int refused = cpu.SetMsrs(Msrs);
        cpu.SetFpu(new kvm_fpu { fcw = 0x37F, mxcsr = 0x1F80 });
        var apic = cpu.LocalApic;
        SetMode(ref apic, APIC_LVT0, ModeExtInt);
        SetMode(ref apic, APIC_LVT1, ModeNmi);
        cpu.LocalApic = apic;
        return refused;
    }

    private static void SetMode(ref kvm_lapic_state apic, int register, uint mode)
    {
        Span<byte> bytes = apic;
        var field = bytes[register..];
        BinaryPrimitives.WriteUInt32LittleEndian(field, (BinaryPrimitives.ReadUInt32LittleEndian(field) & ~ModeMask) | mode);
    }
}
