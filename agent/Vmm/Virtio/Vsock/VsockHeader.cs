using System.Runtime.InteropServices;

namespace Appliance.Vmm.Virtio.Vsock;

/// <summary>What a packet is for, §5.10.6. Whatever else a guest writes there is a value without a name.</summary>
internal enum VsockOperation : ushort
{
    Request = 1,
    Response = 2,
    Reset = 3,
    Shutdown = 4,
    Data = 5,
    CreditUpdate = 6,
    CreditRequest = 7,
}

/// <summary>What a side will not do any more; flags of <see cref="VsockOperation.Shutdown"/>.</summary>
[Flags]
internal enum VsockShutdown : uint
{
    None = 0,
    Receive = 1,
    Send = 2,
    Both = Receive | Send,
}

/// <summary>struct virtio_vsock_hdr, §5.10.6: little-endian and without gaps.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct VsockHeader
{
    public const uint Bytes = 44;
    public const ulong VMADDR_CID_HOST = 2;
    public const ushort VIRTIO_VSOCK_TYPE_STREAM = 1;

    public ulong src_cid;
    public ulong dst_cid;
    public uint src_port;
    public uint dst_port;
    public uint len;
    public ushort type;
    public VsockOperation op;
    public VsockShutdown flags;
    public uint buf_alloc;
    public uint fwd_cnt;
}
