using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Linux.Kvm;

// State of a processor, asm/kvm.h (x86). Sizes and offsets are tested against the header.

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_regs
{
    public ulong rax, rbx, rcx, rdx;
    public ulong rsi, rdi, rsp, rbp;
    public ulong r8, r9, r10, r11;
    public ulong r12, r13, r14, r15;
    public ulong rip, rflags;
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_segment
{
    public ulong @base;
    public uint limit;
    public ushort selector;
    public byte type;
    public byte present, dpl, db, s, l, g, avl;
    public byte unusable;
    public byte padding;
}

[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct kvm_dtable
{
    public ulong @base;
    public ushort limit;
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_sregs
{
    public kvm_segment cs, ds, es, fs, gs, ss;
    public kvm_segment tr, ldt;
    public kvm_dtable gdt, idt;
    public ulong cr0, cr2, cr3, cr4, cr8;
    public ulong efer;
    public ulong apic_base;
    public InterruptBitmap interrupt_bitmap;

    [InlineArray(4)]
    internal struct InterruptBitmap
    {
        private ulong _first;
    }
}

[StructLayout(LayoutKind.Sequential, Size = 416)]
internal struct kvm_fpu
{
    public Registers fpr;
    public ushort fcw;
    public ushort fsw;
    public byte ftwx;
    public byte pad1;
    public ushort last_opcode;
    public ulong last_ip;
    public ulong last_dp;
    public Vectors xmm;
    public uint mxcsr;

    [InlineArray(128)]
    internal struct Registers
    {
        private byte _first;
    }

    [InlineArray(256)]
    internal struct Vectors
    {
        private byte _first;
    }
}

[InlineArray(1024)]
internal struct kvm_lapic_state
{
    private byte _first;
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_msr_entry
{
    public uint index;
    public uint reserved;
    public ulong data;
}

[StructLayout(LayoutKind.Sequential, Size = 40)]
internal struct kvm_cpuid_entry2
{
    public uint function;
    public uint index;
    public uint flags;
    public uint eax;
    public uint ebx;
    public uint ecx;
    public uint edx;
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_mp_state
{
    public uint mp_state;
}
