using Appliance.Agent.Addresses;
using Appliance.Linux.Netlink.Nftables;
using Appliance.Linux.Netlink.Route;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network.Plan;

/// <summary>
/// The inet family's table: security groups. Bridged IP packets come here through br_netfilter with the marks of
/// <see cref="AntiSpoofing"/>. A packet must pass the rules of the port it comes from and of the port it goes to: two base chains, because
/// "accept" ends only one. Connections are tracked in a zone per network, as tenants' addresses overlap.
/// Behaviour: neutron/agent/linux/iptables_firewall.py.
/// </summary>
internal static class ConnectionRules
{
    private const int Tcp = 6;
    private const int Udp = 17;
    private const int Icmpv6 = 58;
    private const int BeforeConntrack = -300;

    /// <summary>
    /// Multicast listener query, router advertisement, neighbour solicitation and advertisement reach every guest
    /// (neutron_lib, constants.ICMPV6_ALLOWED_INGRESS_TYPES); guests cannot send the second.
    /// </summary>
    private static readonly int[] IngressIcmpv6 = [130, 134, 135, 136];

    /// <summary>What every guest may send (neutron_lib, constants.ICMPV6_ALLOWED_EGRESS_TYPES, and neighbour advertisement).</summary>
    private static readonly int[] EgressIcmpv6 = [130, 131, 132, 133, 135, 136, 143];

    private static readonly IpPrefix MetadataIpv4 = new(ServiceAddresses.Ipv4, 32);
    private static readonly IpPrefix MetadataIpv6 = new(ServiceAddresses.Ipv6, 128);

    /// <param name="zones">Bridge name → conntrack zone.</param>
    public static NftTable Table(IReadOnlyList<PlannedPort> ports, IReadOnlyDictionary<string, int> zones, AddressSets sets, ChainCache cache)
    {
        var secured = ports.Where(port => port.Secured).ToList();
        var chains = new List<NftChain>
        {
            new("zone", new("filter", NftHooks.Prerouting, BeforeConntrack), [New().SetConntrackZoneByInputInterface("zones").Done()]),
            new("egress", new("filter", NftHooks.Forward, -2), [New().InputInterfaceIn("bridges").ByMark(AntiSpoofing.FromMask, "from-port").Done()]),
            new("ingress", new("filter", NftHooks.Forward, -1), [New().InputInterfaceIn("bridges").ByMark(AntiSpoofing.ToMask, "to-port").Done()]),
        };
        foreach (var port in secured)
        {
            var inputs = (port.Stateful, string.Join(' ', port.Groups.Select(group => group.Id)));
            chains.Add(cache.Get(NftFamily.Inet, $"from-{port.Document.Id}", inputs, () => Egress(port)));
            chains.Add(cache.Get(NftFamily.Inet, $"to-{port.Document.Id}", inputs, () => Ingress(port)));
        }

        foreach (var group in secured.SelectMany(port => port.Groups).DistinctBy(group => group.Id))
        {
            chains.Add(new(GroupChain(group, SecurityRule.Egress), null, GroupRules(group, SecurityRule.Egress, sets)));
            chains.Add(new(GroupChain(group, SecurityRule.Ingress), null, GroupRules(group, SecurityRule.Ingress, sets)));
        }

        return new(NftFamily.Inet, NetworkNames.Table, chains,
        [
            new("zones", NftKey.InterfaceName, NftSetData.ConntrackZone, false,
                [.. zones.Select(zone => NftElement.Map(NftRuleBuilder.InterfaceName(zone.Key), BitConverter.GetBytes((ushort)zone.Value)))]),
            new("bridges", NftKey.InterfaceName, NftSetData.None, false,
                [.. zones.Keys.Select(bridge => NftElement.Of(NftRuleBuilder.InterfaceName(bridge)))]),
            new("from-port", NftKey.Mark, NftSetData.Verdict, false,
                [.. secured.Select(port => NftElement.Jump(NftRuleBuilder.HostOrder((uint)port.Mark << 16), $"from-{port.Document.Id}"))]),
            new("to-port", NftKey.Mark, NftSetData.Verdict, false,
                [.. secured.Select(port => NftElement.Jump(NftRuleBuilder.HostOrder((uint)port.Mark), $"to-{port.Document.Id}"))]),
            .. sets.Sets,
        ]);
    }

    private static NftRuleBuilder New() => NftRuleBuilder.New();

    private static string GroupChain(SecurityGroupDocument group, string direction) => $"{direction}-{group.Id}";

    private static List<NftRule> Egress(PlannedPort port) =>
    [
        .. States(port),
        New().Family(NftFamily.Ipv4).Protocol(Udp).SourcePort(68).DestinationPort(67, 67).Accept(),
        New().Family(NftFamily.Ipv6).Protocol(Udp).SourcePort(546).DestinationPort(547, 547).Accept(),
        New().Family(NftFamily.Ipv4).Destination(MetadataIpv4).Protocol(Tcp).DestinationPort(80, 80).Accept(),
        New().Family(NftFamily.Ipv6).Destination(MetadataIpv6).Protocol(Tcp).DestinationPort(80, 80).Accept(),
        .. EgressIcmpv6.Select(type => New().Family(NftFamily.Ipv6).Protocol(Icmpv6).IcmpType(type).Accept()),
        .. port.Groups.Select(group => New().Jump(GroupChain(group, SecurityRule.Egress))),
        New().Counter().Drop(),
    ];

    private static List<NftRule> Ingress(PlannedPort port) =>
    [
        .. States(port),
        New().Family(NftFamily.Ipv4).Source(MetadataIpv4).Protocol(Tcp).SourcePort(80).Accept(),
        New().Family(NftFamily.Ipv6).Source(MetadataIpv6).Protocol(Tcp).SourcePort(80).Accept(),
        .. IngressIcmpv6.Select(type => New().Family(NftFamily.Ipv6).Protocol(Icmpv6).IcmpType(type).Accept()),
        .. port.Groups.Select(group => New().Jump(GroupChain(group, SecurityRule.Ingress))),
        New().Counter().Drop(),
    ];

    /// <summary>A connection is established only after a packet of it passed both ports' rules.</summary>
    private static IEnumerable<NftRule> States(PlannedPort port) => port.Stateful
        ?
        [
            New().State(ConntrackState.Established | ConntrackState.Related).Accept(),
            New().State(ConntrackState.Invalid).Counter().Drop(),
        ]
        : [];

    private static List<NftRule> GroupRules(SecurityGroupDocument group, string direction, AddressSets sets)
    {
        var rules = new List<NftRule>();
        foreach (var document in group.Rules.Where(rule => rule.Direction == direction))
        {
            // A rule that cannot be read allows nothing; the ports' statuses say so.
            if (!SecurityRule.TryParse(document, out var rule, out _))
                continue;
            if (rule.RemoteGroupId is null)
                rules.Add(Finish(Remote(Begin(rule), rule), rule));
            else
                rules.AddRange(sets.NamesOf(rule.RemoteGroupId, rule.IsIpv4).Select(set => Finish(RemoteIn(Begin(rule), rule, set), rule)));
        }

        return rules;
    }

    private static NftRuleBuilder Begin(SecurityRule rule) => New().Family(rule.IsIpv4 ? NftFamily.Ipv4 : NftFamily.Ipv6);

    private static NftRuleBuilder Remote(NftRuleBuilder rule, SecurityRule parsed) => parsed.RemotePrefix switch
    {
        null or { Length: 0 } => rule,
        { } prefix => parsed.IsIngress ? rule.Source(prefix) : rule.Destination(prefix),
    };

    private static NftRuleBuilder RemoteIn(NftRuleBuilder rule, SecurityRule parsed, string set) =>
        parsed.IsIngress ? rule.SourceIn(set, parsed.IsIpv4) : rule.DestinationIn(set, parsed.IsIpv4);

    private static NftRule Finish(NftRuleBuilder rule, SecurityRule parsed)
    {
        if (parsed.Protocol is { } protocol)
            rule.Protocol(protocol);
        if (parsed.HasPorts && (parsed.First is not null || parsed.Last is not null))
            rule.DestinationPort(parsed.First ?? 0, parsed.Last ?? ushort.MaxValue);
        if (parsed is { IsIcmp: true, First: { } type })
            rule.IcmpType(type);
        if (parsed is { IsIcmp: true, Last: { } code })
            rule.IcmpCode(code);
        return rule.Accept();
    }
}
