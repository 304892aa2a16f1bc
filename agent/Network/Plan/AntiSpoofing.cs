using System.Net;
using Appliance.Agent.Addresses;
using Appliance.Linux.Netlink.Nftables;
using Appliance.Linux.Netlink.Route;

namespace Appliance.Agent.Network.Plan;

/// <summary>
/// The bridge family's table: what needs no connection tracking. A frame from a guest is dropped unless its addresses (Ethernet, ARP, IP,
/// neighbour discovery) are the port's own and it is no DHCP or router advertisement; a passed frame is marked with the port it came from
/// and the port it goes to, before br_netfilter shows it to the inet hooks, where <see cref="ConnectionRules"/> go by the mark.
/// Behaviour: neutron/agent/linux/iptables_firewall.py and neutron/plugins/ml2/drivers/linuxbridge/agent/arp_protect.py.
/// </summary>
internal static class AntiSpoofing
{
    /// <summary>The half of a packet's mark that names the port it came from.</summary>
    public const uint FromMask = 0xffff0000;

    /// <summary>The half that names the port it goes to.</summary>
    public const uint ToMask = 0x0000ffff;

    // Before br_netfilter's hooks, NF_BR_PRI_BRNF = 0 (linux/netfilter_bridge.h).
    private const int Priority = -200;

    private const ushort Ipv4 = 0x0800;
    private const ushort Arp = 0x0806;
    private const ushort Ipv6 = 0x86dd;
    private const int Udp = 17;
    private const int Icmpv6 = 58;

    private static readonly IpPrefix MetadataIpv4 = new(ServiceAddresses.Ipv4, 32);
    private static readonly IpPrefix MetadataIpv6 = new(ServiceAddresses.Ipv6, 128);
    private static readonly IpPrefix NoIpv4 = new(IPAddress.Any, 32);
    private static readonly IpPrefix NoIpv6 = new(IPAddress.IPv6Any, 128);

    /// <param name="members">Every port of the agent's bridges, by interface name.</param>
    /// <param name="tunnels">Those that lead to other machines.</param>
    public static NftTable Table(IReadOnlyList<PlannedPort> ports, IReadOnlyList<string> members, IReadOnlyList<string> tunnels, ChainCache cache)
    {
        var secured = ports.Where(port => port.Secured).ToList();
        var free = members.Except(secured.Select(port => port.Tap));
        var chains = new List<NftChain>
        {
            new("prerouting", new("filter", NftHooks.Prerouting, Priority),
            [
                New().InputInterfaceIn("tunnels").Jump("local-only"),
                // A guest that sends metadata requests to its router is answered all the same, and by its own node.
                New().InputInterfaceIn("guests").EtherType(Ipv4).Destination(MetadataIpv4).SetEtherDestination(ServiceMac()).Done(),
                New().ByInputInterface("from-port").Done(),
            ]),
            // Tenants must not reach this machine itself: it has no business on their networks.
            new("input", new("filter", NftHooks.Input, Priority), [New().InputInterfaceIn("members").Counter().Drop()]),
            new("forward", new("filter", NftHooks.Forward, Priority),
            [
                New().OutputInterfaceIn("tunnels").Jump("local-only"),
                New().ByOutputInterface("to-port").Done(),
            ]),
            // The mark is for the hooks in between only: VXLAN would carry it on to the routing rules of this machine.
            new("postrouting", new("filter", NftHooks.Postrouting, Priority), [New().OutputInterfaceIn("members").SetMark(0, 0).Done()]),
            new("unmarked", null, [New().SetMark(0, 0).Done()]),
            new("local-only", null, LocalOnly()),
        };
        foreach (var port in secured)
        {
            var inputs = (new ChainCache.Identity(port.Document), port.Mark);
            chains.Add(cache.Get(NftFamily.Bridge, FromChain(port), inputs, () => From(port)));
            chains.Add(cache.Get(NftFamily.Bridge, NeighborChain(port), inputs, () => Neighbors(port)));
            chains.Add(cache.Get(NftFamily.Bridge, ToChain(port), inputs, () => To(port)));
        }

        return new(NftFamily.Bridge, NetworkNames.Table, chains,
        [
            InterfaceSet("members", members),
            InterfaceSet("tunnels", tunnels),
            InterfaceSet("guests", ports.Select(port => port.Tap)),
            new("from-port", NftKey.InterfaceName, NftSetData.Verdict, false,
            [
                .. secured.Select(port => NftElement.Jump(NftRuleBuilder.InterfaceName(port.Tap), FromChain(port))),
                .. free.Select(name => NftElement.Jump(NftRuleBuilder.InterfaceName(name), "unmarked")),
            ]),
            new("to-port", NftKey.InterfaceName, NftSetData.Verdict, false,
                [.. secured.Select(port => NftElement.Jump(NftRuleBuilder.InterfaceName(port.Tap), ToChain(port)))]),
        ]);
    }

    private static NftRuleBuilder New() => NftRuleBuilder.New();

    private static string FromChain(PlannedPort port) => $"from-{port.Document.Id}";

    private static string NeighborChain(PlannedPort port) => $"nd-{port.Document.Id}";

    private static string ToChain(PlannedPort port) => $"to-{port.Document.Id}";

    /// <summary>What the guest may send.</summary>
    private static List<NftRule> From(PlannedPort port)
    {
        var ipv4 = port.Pairs.Where(pair => pair.Prefix.IsIpv4).ToList();
        var ipv6 = port.Pairs.Where(pair => !pair.Prefix.IsIpv4).ToList();
        var macs = port.Pairs.DistinctBy(pair => pair.Mac).ToList();
        List<NftRule> rules = [New().SetMark(0, (uint)port.Mark << 16).Done()];

        // RFC 5227 probes ask for an address before it is used, with no sender address.
        rules.AddRange(macs.Select(pair => New().EtherType(Arp).EtherSource(pair.MacBytes).ArpSenderMac(pair.MacBytes).ArpSender(NoIpv4).Accept()));
        rules.AddRange(ipv4.Select(pair =>
            New().EtherType(Arp).EtherSource(pair.MacBytes).ArpSenderMac(pair.MacBytes).ArpSender(pair.Prefix).Accept()));

        rules.AddRange(macs.Select(pair => New().EtherType(Ipv4).EtherSource(pair.MacBytes).Source(NoIpv4)
            .Protocol(Udp).SourcePort(68).DestinationPort(67, 67).Accept()));
        rules.Add(New().EtherType(Ipv4).Protocol(Udp).SourcePort(67).DestinationPort(68, 68).Counter().Drop());
        rules.AddRange(ipv4.Select(pair => New().EtherType(Ipv4).EtherSource(pair.MacBytes).Source(pair.Prefix).Accept()));

        rules.Add(New().EtherType(Ipv6).Protocol(Icmpv6).IcmpType(134).Counter().Drop());
        rules.Add(New().EtherType(Ipv6).Protocol(Udp).SourcePort(547).DestinationPort(546, 546).Counter().Drop());
        rules.Add(New().EtherType(Ipv6).Protocol(Icmpv6).IcmpType(136).Jump(NeighborChain(port)));
        foreach (int type in UnaddressedIcmpv6)
        {
            rules.AddRange(macs.Select(pair => New().EtherType(Ipv6).EtherSource(pair.MacBytes).Source(NoIpv6)
                .Protocol(Icmpv6).IcmpType(type).Accept()));
        }

        rules.AddRange(ipv6.Select(pair => New().EtherType(Ipv6).EtherSource(pair.MacBytes).Source(pair.Prefix).Accept()));
        rules.Add(New().Counter().Drop());
        return rules;
    }

    /// <summary>
    /// What a guest may send before it has an address: router and neighbour solicitation, multicast listener reports
    /// (neutron_lib, constants.ICMPV6_ALLOWED_UNSPEC_ADDR_TYPES).
    /// </summary>
    private static readonly int[] UnaddressedIcmpv6 = [131, 135, 143, 133, 132];

    /// <summary>Neighbour advertisements claim only the port's own addresses.</summary>
    private static List<NftRule> Neighbors(PlannedPort port) =>
    [
        .. port.Pairs.Where(pair => !pair.Prefix.IsIpv4).Select(pair => New().NeighborTarget(pair.Prefix).Return()),
        New().Counter().Drop(),
    ];

    /// <summary>Only kinds of frame that the rules behind this can judge: a VLAN tag would carry IP past br_netfilter.</summary>
    private static List<NftRule> To(PlannedPort port) =>
    [
        New().SetMark(FromMask, (uint)port.Mark).Done(),
        New().EtherType(Ipv4).Accept(),
        New().EtherType(Ipv6).Accept(),
        New().EtherType(Arp).Accept(),
        New().Counter().Drop(),
    ];

    /// <summary>Every node has the metadata addresses, so nothing about them passes between nodes.</summary>
    private static List<NftRule> LocalOnly() =>
    [
        New().EtherType(Arp).ArpTarget(MetadataIpv4).Drop(),
        New().EtherType(Arp).ArpSender(MetadataIpv4).Drop(),
        New().EtherType(Ipv4).Destination(MetadataIpv4).Drop(),
        New().EtherType(Ipv4).Source(MetadataIpv4).Drop(),
        New().EtherType(Ipv6).Protocol(Icmpv6).IcmpType(135).NeighborTarget(MetadataIpv6).Drop(),
        New().EtherType(Ipv6).Protocol(Icmpv6).IcmpType(136).NeighborTarget(MetadataIpv6).Drop(),
        New().EtherType(Ipv6).Destination(MetadataIpv6).Drop(),
        New().EtherType(Ipv6).Source(MetadataIpv6).Drop(),
    ];

    private static NftSet InterfaceSet(string name, IEnumerable<string> interfaces) => new(name, NftKey.InterfaceName, NftSetData.None, false,
        [.. interfaces.Distinct().Select(member => NftElement.Of(NftRuleBuilder.InterfaceName(member)))]);

    private static byte[] ServiceMac()
    {
        var bytes = new byte[MacAddress.Length];
        ServiceAddresses.Mac.Write(bytes);
        return bytes;
    }
}
