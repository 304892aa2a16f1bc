using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary><c>struct sockaddr_nl</c>, linux/netlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SockAddrNl
{
    public ushort nl_family;
    public ushort nl_pad;
    public uint nl_pid;
    public uint nl_groups;
}

/// <summary><c>struct sockaddr_ll</c>, linux/if_packet.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SockAddrLl
{
    public ushort sll_family;

    /// <summary>Big-endian: see <see cref="For"/>.</summary>
    public ushort sll_protocol;
    public int sll_ifindex;
    public ushort sll_hatype;
    public byte sll_pkttype;
    public byte sll_halen;
    public HardwareAddress sll_addr;

    /// <param name="etherType">In host order, for example 0x0800; <see cref="Sockets.ETH_P_ALL"/> for all.</param>
    public static SockAddrLl For(int interfaceIndex, ushort etherType) => new()
    {
        sll_family = Sockets.AF_PACKET,
        sll_protocol = BinaryPrimitives.ReverseEndianness(etherType),
        sll_ifindex = interfaceIndex,
    };

    [InlineArray(8)]
    internal struct HardwareAddress
    {
        private byte _first;
    }
}
