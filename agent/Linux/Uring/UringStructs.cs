using System.Runtime.InteropServices;

namespace Appliance.Linux.Uring;

// linux/io_uring.h; sizes and offsets are tested against the header.

[StructLayout(LayoutKind.Sequential)]
internal struct io_sqring_offsets
{
    public uint head, tail, ring_mask, ring_entries, flags, dropped, array, resv1;
    public ulong user_addr;
}

[StructLayout(LayoutKind.Sequential)]
internal struct io_cqring_offsets
{
    public uint head, tail, ring_mask, ring_entries, overflow, cqes, flags, resv1;
    public ulong user_addr;
}

[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_params
{
    public uint sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd;
    public uint resv0, resv1, resv2;
    public io_sqring_offsets sq_off;
    public io_cqring_offsets cq_off;
}

/// <summary>One request; the unions are flattened to the operations that the VMM uses.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct io_uring_sqe
{
    [FieldOffset(0)]
    public byte opcode;
    [FieldOffset(1)]
    public byte flags;
    [FieldOffset(4)]
    public int fd;
    [FieldOffset(8)]
    public ulong off;
    [FieldOffset(16)]
    public ulong addr;
    [FieldOffset(24)]
    public uint len;
    [FieldOffset(28)]
    public uint op_flags;
    [FieldOffset(32)]
    public ulong user_data;
}

[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_cqe
{
    public ulong user_data;
    public int res;
    public uint flags;
}

#pragma warning disable CS8981      // the kernel's own name
/// <summary><c>struct iovec</c>, linux/uio.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct iovec
{
    public void* iov_base;
    public nuint iov_len;
}
#pragma warning restore CS8981
