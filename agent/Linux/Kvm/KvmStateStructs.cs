using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Linux.Kvm;

// State that is carried from one machine to another as the kernel gave it, linux/kvm.h and asm/kvm.h (x86). Only what the VMM looks at is named.
// Sizes are tested against the headers.

[InlineArray(392)]
internal struct kvm_xcrs
{
    private byte _first;
}

[InlineArray(128)]
internal struct kvm_debugregs
{
    private byte _first;
}

[InlineArray(64)]
internal struct kvm_vcpu_events
{
    private byte _first;
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_irqchip
{
    public uint chip_id;
    public uint pad;
    public State chip;

    [InlineArray(512)]
    internal struct State
    {
        private byte _first;
    }
}

[StructLayout(LayoutKind.Sequential, Size = 48)]
internal struct kvm_clock_data
{
    public ulong clock;
    public uint flags;
    public uint pad0;
    public ulong realtime;
    public ulong host_tsc;
}

[StructLayout(LayoutKind.Sequential, Size = 104)]
internal struct kvm_enable_cap
{
    public uint cap;
    public uint flags;
    public ulong arg0;
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_clear_dirty_log
{
    public uint slot;
    public uint num_pages;
    public ulong first_page;
    public ulong dirty_bitmap;
}

/// <summary>The start of <c>struct kvm_nested_state</c>; the kernel's data follow it.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal struct kvm_nested_state
{
    public ushort flags;
    public ushort format;
    public uint size;
}
