using System.Runtime.InteropServices;

namespace Appliance.Linux.Kvm;

/// <summary>
/// The start of <c>struct kvm_run</c>, linux/kvm.h: what the kernel and a processor's thread share. Offsets inside the union of exit reasons
/// are explicit; only the reasons that the VMM handles are named.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 2352)]
internal struct kvm_run
{
    [FieldOffset(0)]
    public byte request_interrupt_window;
    [FieldOffset(1)]
    public byte immediate_exit;
    [FieldOffset(8)]
    public uint exit_reason;

    // KVM_EXIT_IO: the data lies at data_offset in the run page, size * count bytes.
    [FieldOffset(32)]
    public byte io_direction;
    [FieldOffset(33)]
    public byte io_size;
    [FieldOffset(34)]
    public ushort io_port;
    [FieldOffset(36)]
    public uint io_count;
    [FieldOffset(40)]
    public ulong io_data_offset;

    // KVM_EXIT_MMIO
    [FieldOffset(32)]
    public ulong mmio_phys_addr;
    [FieldOffset(40)]
    public ulong mmio_data;
    [FieldOffset(48)]
    public uint mmio_len;
    [FieldOffset(52)]
    public byte mmio_is_write;

    // KVM_EXIT_FAIL_ENTRY
    [FieldOffset(32)]
    public ulong fail_entry_hardware_entry_failure_reason;

    // KVM_EXIT_INTERNAL_ERROR
    [FieldOffset(32)]
    public uint internal_suberror;

    // KVM_EXIT_SYSTEM_EVENT
    [FieldOffset(32)]
    public uint system_event_type;
}
