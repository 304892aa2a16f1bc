namespace Appliance.Linux.Netlink;

/// <summary>Message types and flags common to all netlink families, linux/netlink.h.</summary>
internal static class NetlinkConstants
{
    public const int NETLINK_ROUTE = 0;
    public const int NETLINK_NETFILTER = 12;

    public const ushort NLMSG_ERROR = 2;
    public const ushort NLMSG_DONE = 3;

    public const ushort NLM_F_REQUEST = 0x01;
    public const ushort NLM_F_MULTI = 0x02;
    public const ushort NLM_F_ACK = 0x04;
    public const ushort NLM_F_DUMP_INTR = 0x10;
    public const ushort NLM_F_CAPPED = 0x100;
    public const ushort NLM_F_ACK_TLVS = 0x200;

    public const ushort NLM_F_DUMP = 0x300;
    public const ushort NLM_F_REPLACE = 0x100;
    public const ushort NLM_F_EXCL = 0x200;
    public const ushort NLM_F_CREATE = 0x400;
    public const ushort NLM_F_APPEND = 0x800;

    public const ushort NLA_F_NESTED = 0x8000;
    public const ushort NLA_TYPE_MASK = 0x3fff;

    public const int NETLINK_EXT_ACK = 11;
    public const int NETLINK_CAP_ACK = 10;
    public const int NETLINK_GET_STRICT_CHK = 12;

    public const int NLMSGERR_ATTR_MSG = 1;

    /// <summary><c>struct nlmsghdr</c>: length, type, flags, sequence, port.</summary>
    public const int HeaderLength = 16;

    /// <summary>Messages and attributes start on multiples of four bytes.</summary>
    public static int Align(int length) => (length + 3) & ~3;
}
