using System.Buffers.Binary;
using System.Net;
using System.Text;
using Appliance.Linux.Netlink.Route;
using static Appliance.Linux.Netlink.Nftables.NftConstants;

namespace Appliance.Linux.Netlink.Nftables;

/// <summary>
/// Writes one rule, left to right as <c>nft</c> would print it: conditions, then what to do. A rule without verdict goes on with the next.
/// All values pass through one register. Expressions: net/netfilter/nft_*.c.
/// </summary>
#pragma warning disable CA1001 // Done, which ends every rule, gives the buffer back.
internal sealed class NftRuleBuilder
#pragma warning restore CA1001
{
    private const int InterfaceNameBytes = 16;

    private readonly NetlinkBatch _out = new();

    public static NftRuleBuilder New() => new();

    /// <summary><c>iifname "tap0"</c>.</summary>
    public NftRuleBuilder InputInterface(string name) => Meta(NFT_META_IIFNAME).Equal(InterfaceName(name));

    /// <summary><c>oifname "tap0"</c>.</summary>
    public NftRuleBuilder OutputInterface(string name) => Meta(NFT_META_OIFNAME).Equal(InterfaceName(name));

    /// <summary><c>oifname != "tap0"</c>.</summary>
    public NftRuleBuilder OutputInterfaceIsNot(string name) => Meta(NFT_META_OIFNAME).NotEqual(InterfaceName(name));

    /// <summary><c>oifname != "tap*"</c>.</summary>
    public NftRuleBuilder OutputInterfaceDoesNotStartWith(string prefix) => Meta(NFT_META_OIFNAME).NotEqual(Encoding.UTF8.GetBytes(prefix));

    /// <summary><c>iifname @set</c>.</summary>
    public NftRuleBuilder InputInterfaceIn(string set) => Meta(NFT_META_IIFNAME).In(set);

    /// <summary><c>oifname @set</c>.</summary>
    public NftRuleBuilder OutputInterfaceIn(string set) => Meta(NFT_META_OIFNAME).In(set);

    /// <summary><c>iifname vmap @map</c>.</summary>
    public NftRuleBuilder ByInputInterface(string verdictMap) => Meta(NFT_META_IIFNAME).Lookup(verdictMap, NFT_REG_VERDICT);

    /// <summary><c>oifname vmap @map</c>.</summary>
    public NftRuleBuilder ByOutputInterface(string verdictMap) => Meta(NFT_META_OIFNAME).Lookup(verdictMap, NFT_REG_VERDICT);

    /// <summary><c>meta mark and mask vmap @map</c>.</summary>
    public NftRuleBuilder ByMark(uint mask, string verdictMap) =>
        Meta(NFT_META_MARK).And(HostOrder(mask)).Lookup(verdictMap, NFT_REG_VERDICT);

    /// <summary><c>meta mark set mark and keep or value</c>.</summary>
    /// <param name="keep">Bits that stay; <paramref name="value"/> has none of them.</param>
    public NftRuleBuilder SetMark(uint keep, uint value)
    {
        Meta(NFT_META_MARK).Bitwise(HostOrder(keep), HostOrder(value));
        return Expression("meta", static b => b.PutU32BigEndian(NFTA_META_KEY, NFT_META_MARK).PutU32BigEndian(NFTA_META_SREG, NFT_REG_1));
    }

    /// <summary><c>ct zone set iifname map @map</c>; a packet of an interface that is not in the map goes on with the next rule.</summary>
    public NftRuleBuilder SetConntrackZoneByInputInterface(string map)
    {
        Meta(NFT_META_IIFNAME).Lookup(map, NFT_REG_1);
        return Expression("ct", static b => b.PutU32BigEndian(NFTA_CT_KEY, NFT_CT_ZONE).PutU32BigEndian(NFTA_CT_SREG, NFT_REG_1));
    }

    /// <summary><c>ether type 0x0800</c>, read from the frame: a VLAN tag does not hide behind it.</summary>
    public NftRuleBuilder EtherType(ushort type) => Payload(LinkHeader, 12, 2).Equal(NetworkOrder(type));

    /// <summary><c>ether saddr</c>.</summary>
    public NftRuleBuilder EtherSource(byte[] mac) => Payload(LinkHeader, 6, 6).Equal(mac);

    /// <summary><c>ether daddr set</c>.</summary>
    public NftRuleBuilder SetEtherDestination(byte[] mac)
    {
        Load(mac);
        return Expression("payload", static b => b.PutU32BigEndian(NFTA_PAYLOAD_SREG, NFT_REG_1).PutU32BigEndian(NFTA_PAYLOAD_BASE, LinkHeader)
            .PutU32BigEndian(NFTA_PAYLOAD_OFFSET, 0).PutU32BigEndian(NFTA_PAYLOAD_LEN, 6));
    }

    /// <summary><c>arp saddr ether</c>.</summary>
    public NftRuleBuilder ArpSenderMac(byte[] mac) => Payload(NetworkHeader, 8, 6).Equal(mac);

    /// <summary><c>arp saddr ip</c>.</summary>
    public NftRuleBuilder ArpSender(IpPrefix address) => Payload(NetworkHeader, 14, 4).Within(address);

    /// <summary><c>arp daddr ip</c>.</summary>
    public NftRuleBuilder ArpTarget(IpPrefix address) => Payload(NetworkHeader, 24, 4).Within(address);

    /// <summary><c>meta nfproto ipv4</c> or <c>ipv6</c>, for tables of the inet family.</summary>
    public NftRuleBuilder Family(NftFamily family) => Meta(NFT_META_NFPROTO).Equal([(byte)family]);

    /// <summary><c>ip saddr</c> or <c>ip6 saddr</c>; the family must have been tested.</summary>
    public NftRuleBuilder Source(IpPrefix prefix) => Payload(NetworkHeader, prefix.IsIpv4 ? 12u : 8u, (uint)prefix.AddressBits / 8).Within(prefix);

    /// <summary><c>ip daddr</c> or <c>ip6 daddr</c>; the family must have been tested.</summary>
    public NftRuleBuilder Destination(IpPrefix prefix) =>
        Payload(NetworkHeader, prefix.IsIpv4 ? 16u : 24u, (uint)prefix.AddressBits / 8).Within(prefix);

    /// <summary><c>ip saddr @set</c>.</summary>
    public NftRuleBuilder SourceIn(string set, bool ipv4) => (ipv4 ? Payload(NetworkHeader, 12, 4) : Payload(NetworkHeader, 8, 16)).In(set);

    /// <summary><c>ip daddr @set</c>.</summary>
    public NftRuleBuilder DestinationIn(string set, bool ipv4) => (ipv4 ? Payload(NetworkHeader, 16, 4) : Payload(NetworkHeader, 24, 16)).In(set);

    /// <summary><c>meta l4proto</c>: behind IPv6 extension headers too.</summary>
    public NftRuleBuilder Protocol(int protocol) => Meta(NFT_META_L4PROTO).Equal([(byte)protocol]);

    /// <summary><c>th sport</c>; the protocol must have been tested.</summary>
    public NftRuleBuilder SourcePort(int port) => Payload(TransportHeader, 0, 2).Equal(NetworkOrder((ushort)port));

    /// <summary><c>th dport first-last</c>; the protocol must have been tested.</summary>
    public NftRuleBuilder DestinationPort(int first, int last)
    {
        Payload(TransportHeader, 2, 2);
        return first == last ? Equal(NetworkOrder((ushort)first)) : Between(NetworkOrder((ushort)first), NetworkOrder((ushort)last));
    }

    /// <summary><c>icmp type</c> or <c>icmpv6 type</c>; the protocol must have been tested.</summary>
    public NftRuleBuilder IcmpType(int type) => Payload(TransportHeader, 0, 1).Equal([(byte)type]);

    public NftRuleBuilder IcmpCode(int code) => Payload(TransportHeader, 1, 1).Equal([(byte)code]);

    /// <summary>Target address of a neighbour solicitation or advertisement (RFC 4861 §4.3, §4.4).</summary>
    public NftRuleBuilder NeighborTarget(IpPrefix prefix) => Payload(TransportHeader, 8, 16).Within(prefix);

    /// <summary><c>ct state</c>: any of <see cref="ConntrackState"/>.</summary>
    public NftRuleBuilder State(ConntrackState any) => Ct(NFT_CT_STATE).And(HostOrder((uint)any)).NotEqual(HostOrder(0));

    /// <summary><c>ct status and bits == 0</c>: nf_conntrack_common.h, IPS_….</summary>
    public NftRuleBuilder StatusWithout(uint bits) => Ct(NFT_CT_STATUS).And(HostOrder(bits)).Equal(HostOrder(0));

    /// <summary>Counts packets and bytes that came this far.</summary>
    public NftRuleBuilder Counter() => Expression("counter", static _ => { });

    /// <summary><c>limit rate n/second burst m packets</c>: goes on while under the rate.</summary>
    public NftRuleBuilder LimitPerSecond(ulong packets, uint burst) => Expression("limit", b =>
        b.PutU64BigEndian(NFTA_LIMIT_RATE, packets).PutU64BigEndian(NFTA_LIMIT_UNIT, 1).PutU32BigEndian(NFTA_LIMIT_BURST, burst));

    public NftRule Accept() => Verdict(NF_ACCEPT, null);

    public NftRule Drop() => Verdict(NF_DROP, null);

    public NftRule Return() => Verdict(NFT_RETURN, null);

    public NftRule Jump(string chain) => Verdict(NFT_JUMP, chain);

    /// <summary>Answers "administratively prohibited" and drops; not in the bridge family.</summary>
    public NftRule Reject() => Expression("reject", static b => b
        .PutU32BigEndian(NFTA_REJECT_TYPE, NFT_REJECT_ICMPX_UNREACH)
        .PutU8(NFTA_REJECT_ICMP_CODE, NFT_REJECT_ICMPX_ADMIN_PROHIBITED)).Done();

    /// <summary><c>snat to address</c>.</summary>
    public NftRule SourceNat(IPAddress address) => Load(address.GetAddressBytes()).Nat(NFT_NAT_SNAT).Done();

    /// <summary><c>snat to ip saddr map @map</c>; a source that is not in the map goes on with the next rule.</summary>
    public NftRule SourceNatByMap(string map) => Payload(NetworkHeader, 12, 4).Lookup(map, NFT_REG_1).Nat(NFT_NAT_SNAT).Done();

    /// <summary><c>dnat to ip daddr map @map</c>.</summary>
    public NftRule DestinationNatByMap(string map) => Payload(NetworkHeader, 16, 4).Lookup(map, NFT_REG_1).Nat(NFT_NAT_DNAT).Done();

    public NftRule Masquerade() => Expression("masq", static _ => { }).Done();

    /// <summary>The rule as it stands: without a verdict it goes on with the next.</summary>
    public NftRule Done()
    {
        var rule = new NftRule(_out.Bytes.ToArray());
        _out.Dispose();
        return rule;
    }

    /// <summary>A name as interface-name keys and comparisons take it: 16 bytes, zero padded.</summary>
    public static byte[] InterfaceName(string name)
    {
        var bytes = new byte[InterfaceNameBytes];
        Encoding.UTF8.GetBytes(name, bytes);
        return bytes;
    }

    /// <summary>A number as marks and conntrack bits are compared.</summary>
    public static byte[] HostOrder(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private const uint LinkHeader = 0;
    private const uint NetworkHeader = 1;
    private const uint TransportHeader = 2;

    private static byte[] NetworkOrder(ushort value) => [(byte)(value >> 8), (byte)value];

    private NftRuleBuilder Meta(uint key) => Expression("meta", b => b
        .PutU32BigEndian(NFTA_META_KEY, key).PutU32BigEndian(NFTA_META_DREG, NFT_REG_1));

    private NftRuleBuilder Ct(uint key) => Expression("ct", b => b
        .PutU32BigEndian(NFTA_CT_KEY, key).PutU32BigEndian(NFTA_CT_DREG, NFT_REG_1));

    private NftRuleBuilder Payload(uint header, uint offset, uint length) => Expression("payload", b => b
        .PutU32BigEndian(NFTA_PAYLOAD_DREG, NFT_REG_1).PutU32BigEndian(NFTA_PAYLOAD_BASE, header)
        .PutU32BigEndian(NFTA_PAYLOAD_OFFSET, offset).PutU32BigEndian(NFTA_PAYLOAD_LEN, length));

    private NftRuleBuilder Equal(byte[] value) => Compare(NFT_CMP_EQ, value);

    private NftRuleBuilder NotEqual(byte[] value) => Compare(NFT_CMP_NEQ, value);

    private NftRuleBuilder Compare(uint how, byte[] value) => Expression("cmp", b => PutData(
        b.PutU32BigEndian(NFTA_CMP_SREG, NFT_REG_1).PutU32BigEndian(NFTA_CMP_OP, how), NFTA_CMP_DATA, value));

    private NftRuleBuilder Between(byte[] first, byte[] last) => Expression("range", b => PutData(PutData(
        b.PutU32BigEndian(NFTA_RANGE_SREG, NFT_REG_1).PutU32BigEndian(NFTA_RANGE_OP, NFT_CMP_EQ),
        NFTA_RANGE_FROM_DATA, first), NFTA_RANGE_TO_DATA, last));

    private NftRuleBuilder And(byte[] mask) => Bitwise(mask, new byte[mask.Length]);

    private NftRuleBuilder Bitwise(byte[] mask, byte[] xor) => Expression("bitwise", b => PutData(PutData(
        b.PutU32BigEndian(NFTA_BITWISE_SREG, NFT_REG_1).PutU32BigEndian(NFTA_BITWISE_DREG, NFT_REG_1)
            .PutU32BigEndian(NFTA_BITWISE_LEN, (uint)mask.Length), NFTA_BITWISE_MASK, mask), NFTA_BITWISE_XOR, xor));

    private NftRuleBuilder Within(IpPrefix prefix)
    {
        if (!prefix.IsHost)
            And(new IpPrefix(new IPAddress(AllOnes(prefix.AddressBits / 8)), prefix.Length).Network.Address.GetAddressBytes());
        return Equal(prefix.Network.Address.GetAddressBytes());
    }

    private static byte[] AllOnes(int length)
    {
        var bytes = new byte[length];
        Array.Fill(bytes, (byte)0xff);
        return bytes;
    }

    private NftRuleBuilder In(string set) => Expression("lookup", b => b
        .PutString(NFTA_LOOKUP_SET, set).PutU32BigEndian(NFTA_LOOKUP_SREG, NFT_REG_1));

    private NftRuleBuilder Lookup(string map, uint into) => Expression("lookup", b => b
        .PutString(NFTA_LOOKUP_SET, map).PutU32BigEndian(NFTA_LOOKUP_SREG, NFT_REG_1).PutU32BigEndian(NFTA_LOOKUP_DREG, into));

    private NftRuleBuilder Load(byte[] value) => Expression("immediate", b => PutData(
        b.PutU32BigEndian(NFTA_IMMEDIATE_DREG, NFT_REG_1), NFTA_IMMEDIATE_DATA, value));

    private NftRuleBuilder Nat(uint type) => Expression("nat", b => b
        .PutU32BigEndian(NFTA_NAT_TYPE, type).PutU32BigEndian(NFTA_NAT_FAMILY, (uint)NftFamily.Ipv4)
        .PutU32BigEndian(NFTA_NAT_REG_ADDR_MIN, NFT_REG_1));

    private NftRule Verdict(int code, string? chain) => Expression("immediate", b =>
    {
        b.PutU32BigEndian(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
        int data = b.BeginNest(NFTA_IMMEDIATE_DATA);
        PutVerdict(b, code, chain);
        b.EndNest(data);
    }).Done();

    internal static void PutVerdict(NetlinkBatch batch, int code, string? chain)
    {
        int verdict = batch.BeginNest(NFTA_DATA_VERDICT);
        batch.PutU32BigEndian(NFTA_VERDICT_CODE, (uint)code);
        if (chain is not null)
            batch.PutString(NFTA_VERDICT_CHAIN, chain);
        batch.EndNest(verdict);
    }

    internal static NetlinkBatch PutData(NetlinkBatch batch, ushort attribute, ReadOnlySpan<byte> value)
    {
        int nest = batch.BeginNest(attribute);
        return batch.Put(NFTA_DATA_VALUE, value).EndNest(nest);
    }

    private NftRuleBuilder Expression(string name, Action<NetlinkBatch> writeData)
    {
        int element = _out.BeginNest(NFTA_LIST_ELEM);
        _out.PutString(NFTA_EXPR_NAME, name);
        int data = _out.BeginNest(NFTA_EXPR_DATA);
        writeData(_out);
        _out.EndNest(data).EndNest(element);
        return this;
    }
}

/// <summary>Bits of <c>ct state</c>, NF_CT_STATE_BIT of linux/netfilter/nf_conntrack_common.h.</summary>
[Flags]
internal enum ConntrackState : uint
{
    Invalid = 1,
    Established = 2,
    Related = 4,
    New = 8,
}
