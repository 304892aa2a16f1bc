using static Appliance.Linux.Netlink.Nftables.NftConstants;

namespace Appliance.Linux.Netlink.Nftables;

/// <summary>Sizes and type numbers of set keys and map values.</summary>
internal static class NftSetLayout
{
    // nftables, datatype.h: TYPE_INTEGER, for values without a type of their own.
    private const uint TypeInteger = 4;

    private const byte KeyByteOrder = 0;
    private const byte DataByteOrder = 1;
    private const byte HostEndian = 1;
    private const byte BigEndian = 2;

    public static uint KeyLength(NftKey key) => key switch
    {
        NftKey.Ipv4Address => 4,
        NftKey.Ipv6Address => 16,
        NftKey.Mark => 4,
        NftKey.InterfaceName => 16,
        _ => throw new ArgumentOutOfRangeException(nameof(key)),
    };

    public static uint DataType(NftSetData data) => data switch
    {
        NftSetData.Verdict => NFT_DATA_VERDICT,
        NftSetData.Ipv4Address => (uint)NftKey.Ipv4Address,
        NftSetData.ConntrackZone => TypeInteger,
        _ => 0,
    };

    public static uint DataLength(NftSetData data) => data switch
    {
        NftSetData.Ipv4Address => 4,
        NftSetData.ConntrackZone => 2,
        _ => 0,
    };

    /// <summary>Tells <c>nft</c> how to print keys and values (libnftnl udata: type, length, byte order); the kernel stores it unread.</summary>
    public static byte[] UserData(NftSet set)
    {
        byte key = set.Key is NftKey.Mark or NftKey.InterfaceName ? HostEndian : BigEndian;
        byte data = set.Data is NftSetData.ConntrackZone ? HostEndian : BigEndian;
        return [KeyByteOrder, 4, key, 0, 0, 0, DataByteOrder, 4, data, 0, 0, 0];
    }

    public static NftSetData DataOf(uint type) => type switch
    {
        0 => NftSetData.None,
        NFT_DATA_VERDICT => NftSetData.Verdict,
        (uint)NftKey.Ipv4Address => NftSetData.Ipv4Address,
        _ => NftSetData.ConntrackZone,
    };
}
