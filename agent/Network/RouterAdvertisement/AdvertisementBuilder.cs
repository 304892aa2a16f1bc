using System.Net;
using System.Net.Sockets;
using Appliance.Agent.Addresses;
using Appliance.Agent.Network.Frames;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network.RouterAdvertisement;

/// <summary>
/// The router advertisements of one network as complete frames, one for each router interface on it. Behaviour: neutron/agent/linux/ra.py,
/// whose radvd runs beside the router; here the node of the guest speaks in that interface's name, so that guests keep their
/// addresses while the router's node is away.
/// </summary>
internal static class AdvertisementBuilder
{
    /// <summary>Neutron's defaults of <c>min_rtr_adv_interval</c> and <c>max_rtr_adv_interval</c>.</summary>
    public static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan MaxInterval = TimeSpan.FromSeconds(100);

    private const string Slaac = "slaac";
    private const string Stateless = "dhcpv6-stateless";
    private const string Stateful = "dhcpv6-stateful";

    private const byte ManagedFlag = 0x80;
    private const byte OtherConfigFlag = 0x40;
    private const byte OnLinkFlag = 0x80;
    private const byte AutonomousFlag = 0x40;

    private const byte HopLimit = 64;

    /// <summary>radvd's defaults (radvd.conf(5)): three intervals; AdvValidLifetime and AdvPreferredLifetime in seconds.</summary>
    private const ushort RouterLifetime = 300;
    private const uint ValidLifetime = 86400;
    private const uint PreferredLifetime = 14400;

    private const int MinMtu = 1280;

    /// <summary>As many as Neutron announces (<c>MAX_RDNSS_ENTRIES</c>).</summary>
    private const int MaxDnsServers = 3;

    private static readonly byte[] AllNodes = IPAddress.Parse("ff02::1").GetAddressBytes();
    private static readonly MacAddress AllNodesMac = new(0x3333_0000_0001);

    /// <returns>Empty when no router of the cloud advertises on this network.</returns>
    public static IReadOnlyList<byte[]> Build(NetworkDocument network) =>
        [.. network.Subnets.Where(Advertises).GroupBy(subnet => subnet.GatewayMac)
            .Select(group => MacAddress.TryParse(group.Key, out var router) ? BuildFrame(router, network.Mtu, [.. group]) : [])
            .Where(frame => frame.Length > 0)];

    private static bool Advertises(SubnetDocument subnet) =>
        subnet is { IpVersion: 6, HasRouter: true, Ipv6RaMode: Slaac or Stateless or Stateful, GatewayMac: not null };

    private static byte[] BuildFrame(MacAddress router, int mtu, IReadOnlyList<SubnetDocument> subnets)
    {
        var message = new MessageWriter();
        byte flags = (byte)((subnets.Any(subnet => subnet.Ipv6RaMode == Stateful) ? ManagedFlag : 0)
            | (subnets.Any(subnet => subnet.Ipv6RaMode == Stateless) ? OtherConfigFlag : 0));
        // RFC 4861 §4.2: type, code, checksum, hop limit, flags, router lifetime, reachable time and retransmission timer unspecified.
        message.Bytes(134, 0, 0, 0, HopLimit, flags);
        message.Number16(RouterLifetime);
        message.Number32(0);
        message.Number32(0);
        WriteSourceLinkLayerAddress(message, router);
        if (mtu >= MinMtu)
            WriteMtu(message, (uint)mtu);
        foreach (var subnet in subnets)
            WritePrefix(message, subnet);
        WriteDnsServers(message, subnets);

        var frame = new byte[FrameWriter.Ipv6PayloadOffset + message.Length];
        message.CopyTo(frame.AsSpan(FrameWriter.Ipv6PayloadOffset));
        byte[] source = router.ToLinkLocal().GetAddressBytes();
        FrameWriter.WriteIcmpv6(frame, router, AllNodesMac, new UdpFlow(source, AllNodes), message.Length);
        return frame;
    }

    private static void WriteSourceLinkLayerAddress(MessageWriter message, MacAddress router)
    {
        var mac = new byte[MacAddress.Length];
        router.Write(mac);
        message.Bytes(1, 1);
        message.Bytes(mac);
    }

    private static void WriteMtu(MessageWriter message, uint mtu)
    {
        message.Bytes(5, 1, 0, 0);
        message.Number32(mtu);
    }

    /// <summary>RFC 4861 §4.6.2. A stateful prefix is on the link, but its addresses come from DHCPv6.</summary>
    private static void WritePrefix(MessageWriter message, SubnetDocument subnet)
    {
        if (!IPNetwork.TryParse(subnet.Cidr, out var cidr) || cidr.BaseAddress.AddressFamily != AddressFamily.InterNetworkV6)
            return;

        byte flags = subnet.Ipv6RaMode == Stateful ? OnLinkFlag : (byte)(OnLinkFlag | AutonomousFlag);
        message.Bytes(3, 4, (byte)cidr.PrefixLength, flags);
        message.Number32(ValidLifetime);
        message.Number32(PreferredLifetime);
        message.Number32(0);
        message.Bytes(cidr.BaseAddress.GetAddressBytes());
    }

    /// <summary>RFC 8106 §5.1. Only for SLAAC: the other modes tell name servers by DHCPv6, as Neutron's radvd configuration has it.</summary>
    private static void WriteDnsServers(MessageWriter message, IReadOnlyList<SubnetDocument> subnets)
    {
        var servers = subnets.Where(subnet => subnet.Ipv6RaMode == Slaac).SelectMany(subnet => subnet.DnsNameservers)
            .Select(text => IPAddress.TryParse(text, out var address) ? address : IPAddress.IPv6Any)
            .Where(address => address.AddressFamily == AddressFamily.InterNetworkV6 && !address.Equals(IPAddress.IPv6Any))
            .Distinct().Take(MaxDnsServers).ToList();
        if (servers.Count == 0)
            return;

        message.Bytes(25, (byte)(1 + 2 * servers.Count), 0, 0);
        message.Number32(3 * (uint)MaxInterval.TotalSeconds);
        foreach (var server in servers)
            message.Bytes(server.GetAddressBytes());
    }
}
