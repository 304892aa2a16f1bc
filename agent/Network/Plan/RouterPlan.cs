using System.Net;
using Appliance.Linux.Netlink.Nftables;
using Appliance.Linux.Netlink.Route;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network.Plan;

/// <summary>
/// A router: a namespace with an interface on each of its networks. IPv4 leaves through source translation, floating addresses translate
/// one to one, IPv6 is routed as it is. Behaviour: neutron/agent/l3/router_info.py.
/// </summary>
internal sealed class RouterPlan
{
    private readonly RouterDocument _router;
    private readonly DocumentKey _key;
    private readonly IReadOnlyDictionary<string, NetworkDocument> _networks;
    private readonly string _namespace;
    private readonly List<PlannedLink> _links = [];
    private readonly List<PlannedInterface> _interfaces = [];
    private readonly List<PlannedRoute> _routes = [];
    private string? _fault;

    private RouterPlan(string instance, RouterDocument router, IReadOnlyDictionary<string, NetworkDocument> networks)
    {
        _router = router;
        _networks = networks;
        _key = new(DocumentKinds.Router, router.Id);
        _namespace = NetworkNames.RouterNamespace(instance, router.Id);
    }

    /// <param name="fault">What of it cannot be made; the rest is planned.</param>
    public static (PlannedNamespace Namespace, IReadOnlyList<PlannedLink> Links) Make(
        string instance, RouterDocument router, IReadOnlyDictionary<string, NetworkDocument> networks, out string? fault)
    {
        var plan = new RouterPlan(instance, router, networks);
        var made = plan.Make();
        fault = plan._fault;
        return (made, plan._links);
    }

    private PlannedNamespace Make()
    {
        foreach (var port in _router.Interfaces)
            AddInterface(port.PortId, port.NetworkId, port.MacAddress, NetworkNames.RouterInterface(port.PortId), Parse(port.Addresses));

        var floating = new Dictionary<IPAddress, IPAddress>();
        IPAddress? external = null;
        if (_router.Gateway is { } gateway)
        {
            string name = NetworkNames.RouterGateway(gateway.PortId);
            var addresses = Parse(gateway.Addresses);
            foreach (var floatingIp in _router.FloatingIps)
            {
                if (ParseAddress(floatingIp.FloatingIpAddress) is { } outside && ParseAddress(floatingIp.FixedIpAddress) is { } inside)
                    floating[outside] = inside;
            }

            // Floating addresses come after the router's own, so that the kernel prefers the latter for what it sends itself.
            AddInterface(gateway.PortId, gateway.NetworkId, gateway.MacAddress, name,
                [.. addresses, .. floating.Keys.Select(address => new IpPrefix(address, 32))]);
            foreach (var hop in gateway.GatewayIps.Select(ParseAddress).OfType<IPAddress>())
                AddDefaultRoute(hop, name, addresses);
            if (gateway.EnableSnat)
                external = addresses.Where(address => address.IsIpv4).Select(address => address.Address).FirstOrDefault();
        }

        foreach (var route in _router.Routes)
            AddExtraRoute(route);
        return new(_namespace, _key, Sysctls, _interfaces, _routes, Tables(floating, external), new(floating, external));
    }

    private void AddInterface(string portId, string networkId, string mac, string name, IReadOnlyList<IpPrefix> addresses)
    {
        if (!_networks.TryGetValue(networkId, out var network))
        {
            _fault ??= $"Network {networkId} of port {portId} is not known on this node (yet).";
            return;
        }

        if (!Addresses.MacAddress.TryParse(mac, out var parsed))
        {
            _fault ??= $"\"{mac}\" of port {portId} is not a MAC address.";
            return;
        }

        _links.Add(new PlannedVeth(NetworkNames.RouterPort(portId), network.Mtu, NetworkNames.Bridge(network.Id),
            new LinkAlias("router-port", portId, 0).ToString(), _key, name, _namespace, parsed.ToString()));
        _interfaces.Add(new(name, parsed.ToString(), network.Mtu, addresses));
    }

    private void AddDefaultRoute(IPAddress hop, string link, IReadOnlyList<IpPrefix> addresses)
    {
        var any = hop.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;
        if (_interfaces.Any(made => made.Name == link))
            _routes.Add(new(new(any, 0), hop, link, OnLink: !addresses.Any(address => address.Contains(hop))));
    }

    private void AddExtraRoute(RouteDocument route)
    {
        if (!IpPrefix.TryParse(route.Destination, out var destination) || ParseAddress(route.NextHop) is not { } hop)
        {
            _fault ??= $"Route {route.Destination} via {route.NextHop} is not readable.";
            return;
        }

        if (_interfaces.FirstOrDefault(made => made.Addresses.Any(address => address.Contains(hop))) is { } link)
            _routes.Add(new(destination.Network, hop, link.Name, OnLink: false));
        else
            _fault ??= $"Route {route.Destination}: no interface of the router is on the network of {route.NextHop}.";
    }

    private List<IpPrefix> Parse(IEnumerable<string> addresses)
    {
        var parsed = new List<IpPrefix>();
        foreach (string text in addresses)
        {
            if (IpPrefix.TryParse(text, out var prefix))
                parsed.Add(prefix);
            else
                _fault ??= $"\"{text}\" is not an address.";
        }

        return parsed;
    }

    private IPAddress? ParseAddress(string text)
    {
        if (IPAddress.TryParse(text, out var address))
            return address;

        _fault ??= $"\"{text}\" is not an address.";
        return null;
    }

    private static readonly KeyValuePair<string, string>[] Sysctls =
    [
        new("ipv4/ip_forward", "1"),
        new("ipv4/conf/all/rp_filter", "0"),
        new("ipv4/conf/default/rp_filter", "0"),
        new("ipv4/conf/all/send_redirects", "0"),
        new("ipv4/conf/default/send_redirects", "0"),
        new("ipv4/conf/all/arp_ignore", "1"),
        new("ipv4/conf/all/arp_announce", "2"),
        new("ipv6/conf/default/accept_dad", "0"),
        new("ipv6/conf/default/accept_ra", "0"),
        new("ipv6/conf/all/forwarding", "1"),
    ];

    private List<NftTable> Tables(Dictionary<IPAddress, IPAddress> floating, IPAddress? external)
    {
        if (_router.Gateway is not { } gateway)
            return [];

        string outside = NetworkNames.RouterGateway(gateway.PortId);
        List<NftRule> leaving =
        [
            // What comes from outside keeps its source; what stays inside too, unless it was sent to a floating address:
            // then the answer must come back this way to be translated.
            NftRuleBuilder.New().InputInterface(outside).Accept(),
            NftRuleBuilder.New().OutputInterfaceIsNot(outside).StatusWithout(Linux.Netlink.Conntrack.ConntrackConstants.IPS_DST_NAT).Accept(),
            NftRuleBuilder.New().SourceNatByMap("fixed-to-floating"),
        ];
        if (external is not null)
            leaving.Add(NftRuleBuilder.New().SourceNat(external));

        // One fixed address may have several floating ones; what it sends itself leaves under the lowest.
        var reverse = floating.GroupBy(pair => pair.Value).Select(group => (Fixed: group.Key, Floating: group.MinBy(pair => pair.Key.ToString(), StringComparer.Ordinal).Key));
        return
        [
            new(NftFamily.Ipv4, NetworkNames.Table,
            [
                new("prerouting", new("nat", NftHooks.Prerouting, -100), [NftRuleBuilder.New().DestinationNatByMap("floating-to-fixed")]),
                new("postrouting", new("nat", NftHooks.Postrouting, 100), leaving),
            ],
            [
                new("floating-to-fixed", NftKey.Ipv4Address, NftSetData.Ipv4Address, false,
                    [.. floating.Select(pair => NftElement.Map(pair.Key.GetAddressBytes(), pair.Value.GetAddressBytes()))]),
                new("fixed-to-floating", NftKey.Ipv4Address, NftSetData.Ipv4Address, false,
                    [.. reverse.Select(pair => NftElement.Map(pair.Fixed.GetAddressBytes(), pair.Floating.GetAddressBytes()))]),
            ]),
        ];
    }
}
