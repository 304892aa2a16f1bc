using System.Runtime.InteropServices;

namespace Appliance.Linux.Kvm;

// Arguments of ioctls on a machine, linux/kvm.h. Sizes and offsets are tested against the header.

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_userspace_memory_region
{
    public uint slot;
    public uint flags;
    public ulong guest_phys_addr;
    public ulong memory_size;
    public ulong userspace_addr;
}

[StructLayout(LayoutKind.Sequential)]
internal struct kvm_dirty_log
{
    public uint slot;
    public uint padding1;
    public ulong dirty_bitmap;
}

[StructLayout(LayoutKind.Sequential, Size = 32)]
internal struct kvm_irqfd
{
    public uint fd;
    public uint gsi;
    public uint flags;
    public uint resamplefd;
}

[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct kvm_ioeventfd
{
    public ulong datamatch;
    public ulong addr;
    public uint len;
    public int fd;
    public uint flags;
}

/// <summary>The union is flattened to what x86 uses: an irqchip pin, or a message.</summary>
[StructLayout(LayoutKind.Explicit, Size = 48)]
internal struct kvm_irq_routing_entry
{
    [FieldOffset(0)]
    public uint gsi;
    [FieldOffset(4)]
    public uint type;
    [FieldOffset(8)]
    public uint flags;

    [FieldOffset(16)]
    public uint irqchip_irqchip;
    [FieldOffset(20)]
    public uint irqchip_pin;

    [FieldOffset(16)]
    public uint msi_address_lo;
    [FieldOffset(20)]
    public uint msi_address_hi;
    [FieldOffset(24)]
    public uint msi_data;
}
