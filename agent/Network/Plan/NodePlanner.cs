using Appliance.Linux.Netlink.Nftables;
using Appliance.Linux.Netlink.Route;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network.Plan;

/// <summary>
/// Documents and options → every kernel object they ask for. Pure but for the cache, which only saves work: the same input gives the same
/// plan. One planner makes one plan.
/// </summary>
internal sealed class NodePlanner
{
    private readonly NetworkDesired _desired;
    private readonly NetworkOptions _options;
    private readonly string _instance;
    private readonly KernelFacts _present;
    private readonly ChainCache _cache;
    private readonly Dictionary<DocumentKey, string> _faults = [];
    private readonly Dictionary<string, NetworkDocument> _networks;
    private readonly IReadOnlyDictionary<string, int> _zones;
    private readonly IReadOnlyDictionary<string, int> _marks;

    private NodePlanner(NetworkDesired desired, NetworkOptions options, string instance, KernelFacts present, ChainCache cache)
    {
        _desired = desired;
        _options = options;
        _instance = instance;
        _present = present;
        _cache = cache;
        _networks = desired.Networks.Select(network => network.Document).ToDictionary(network => network.Id);
        _zones = Numbering.Assign(present.Aliases.Where(alias => alias.Kind == DocumentKinds.Network), _networks.Keys);
        _marks = Numbering.Assign(present.Aliases.Where(alias => alias.Kind == DocumentKinds.Port), desired.Ports.Select(port => port.Document.Id));
    }

    /// <param name="instance"><see cref="NetworkOptions.Instance"/>, resolved.</param>
    public static (NodePlan Plan, Func<ConnectionPolicy> MakePolicy) Plan(
        NetworkDesired desired, NetworkOptions options, string instance, KernelFacts present, ChainCache cache) =>
        new NodePlanner(desired, options, instance, present, cache).Plan();

    private (NodePlan Plan, Func<ConnectionPolicy> MakePolicy) Plan()
    {
        var ports = PlanPorts();
        var links = new List<PlannedLink>();
        var namespaces = new List<PlannedNamespace>();
        var tunnels = new List<string>();
        foreach (var network in _networks.Values)
            PlanNetwork(network, ports, links, namespaces, tunnels);
        links.AddRange(ports.Select(PlanTap));
        PlanRouters(links, namespaces);

        var used = ports.SelectMany(port => port.Groups).SelectMany(group => group.Rules)
            .Select(rule => rule.RemoteGroupId).OfType<string>().ToHashSet();
        var sets = new AddressSets(_desired.AddressSets.Select(set => set.Document), used);
        var members = links.Where(link => link.Bridge is not null && link is not PlannedPeer).Select(link => link.Name).ToList();
        var masqueraded = links.OfType<PlannedPeer>().SelectMany(peer => peer.Addresses.Where(address => IsMasqueraded(peer.Name, address))
            .Select(address => (peer.Name, address.Network))).ToList();

        List<NftTable> tables = [];
        if (links.Count > 0)
            tables.AddRange([AntiSpoofing.Table(ports, members, tunnels, _cache), ConnectionRules.Table(ports, BridgeZones(links), sets, _cache)]);
        if (masqueraded.Count > 0)
            tables.Add(HostMasquerade.Table(masqueraded));
        return (new(links, PlanForwarding(links), namespaces, tables, masqueraded.Count > 0, _faults), () => new(ports, sets));
    }

    private List<PlannedPort> PlanPorts()
    {
        var groups = _desired.SecurityGroups.Select(group => group.Document).ToDictionary(group => group.Id);
        var unreadable = groups.Values.ToDictionary(group => group.Id, UnreadableRule);
        var ports = new List<PlannedPort>();
        foreach (var port in _desired.Ports.Select(port => port.Document))
        {
            var key = new DocumentKey(DocumentKinds.Port, port.Id);
            if (!_zones.TryGetValue(port.NetworkId, out int zone))
            {
                _faults[key] = $"Network {port.NetworkId} is not known on this node (yet).";
                continue;
            }

            if (!_marks.TryGetValue(port.Id, out int mark))
            {
                _faults[key] = "This node has 65535 ports already; place the server on another node.";
                continue;
            }

            var pairs = PlannedPort.ReadPairs(port, out string? fault);
            var own = new List<SecurityGroupDocument>();
            foreach (string id in port.SecurityGroupIds)
            {
                if (groups.TryGetValue(id, out var group))
                    own.Add(group);
                else
                    fault ??= $"Security group {id} is not known on this node (yet): it allows nothing.";
            }

            fault ??= own.Select(group => unreadable[group.Id]).FirstOrDefault(why => why is not null);
            if (fault is not null)
                _faults[key] = fault;
            ports.Add(new(port, mark, zone, pairs, own, own.Count == 0 || own.Any(group => group.Stateful)));
        }

        return ports;
    }

    private static string? UnreadableRule(SecurityGroupDocument group) => group.Rules
        .Select(rule => SecurityRule.TryParse(rule, out _, out string? why) ? null : why).FirstOrDefault(why => why is not null);

    private PlannedTap PlanTap(PlannedPort port)
    {
        var network = _networks[port.Document.NetworkId];
        bool up = port.Document.AdminStateUp && network.AdminStateUp;
        if (port.Secured && _present.FilterFault is { } fault)
        {
            // Better no traffic than traffic that nobody judges.
            _faults[new(DocumentKinds.Port, port.Document.Id)] = fault;
            up = false;
        }

        return new(port.Tap, network.Mtu, NetworkNames.Bridge(network.Id), up,
            new LinkAlias(DocumentKinds.Port, port.Document.Id, port.Mark).ToString(), new(DocumentKinds.Port, port.Document.Id));
    }

    private void PlanNetwork(
        NetworkDocument network, List<PlannedPort> ports, List<PlannedLink> links, List<PlannedNamespace> namespaces, List<string> tunnels)
    {
        var key = new DocumentKey(DocumentKinds.Network, network.Id);
        if (!_zones.TryGetValue(network.Id, out int zone))
        {
            _faults[key] = "This node has 65535 networks already.";
            return;
        }

        string bridge = NetworkNames.Bridge(network.Id);
        string alias = new LinkAlias(DocumentKinds.Network, network.Id, zone).ToString();
        links.Add(new PlannedBridge(bridge, network.Mtu, alias, key));
        if (network.Type == NetworkTypes.Vxlan)
            PlanTunnel(network, key, links, tunnels);
        else if (_options.Providers.FirstOrDefault(provider => provider.Label == network.PhysicalNetwork) is { } provider)
            links.AddRange(PlanProvider(network, key, provider, tunnels));
        else
            _faults[key] = $"This node has no interface for provider network \"{network.PhysicalNetwork}\"; name one in the agent's options.";

        if (ports.Any(port => port.Document.NetworkId == network.Id))
        {
            var metadata = MetadataPlan.Namespace(_instance, network, key);
            namespaces.Add(metadata);
            links.Add(new PlannedVeth(NetworkNames.MetadataPort(network.Id), network.Mtu, bridge,
                new LinkAlias("metadata", network.Id, 0).ToString(), key, NetworkNames.MetadataInterface, metadata.Name,
                metadata.Interfaces[0].Mac));
        }
    }

    private void PlanTunnel(NetworkDocument network, DocumentKey key, List<PlannedLink> links, List<string> tunnels)
    {
        if (_options.TunnelAddress is not { } local)
        {
            if (_desired.Neighbors.Any(neighbor => neighbor.Document.NetworkId == network.Id))
                _faults[key] = "The network has ports on other nodes, but this node has no tunnel address; set it in the agent's options.";
            return;
        }

        if (network.SegmentationId is not { } vni)
        {
            _faults[key] = "The network has no VXLAN identifier.";
            return;
        }

        string name = NetworkNames.Vxlan(network.Id);
        tunnels.Add(name);
        links.Add(new PlannedVxlan(name, network.Mtu, NetworkNames.Bridge(network.Id),
            new LinkAlias("tunnel", network.Id, 0).ToString(), key, new((uint)vni, local, _options.VxlanPort, Learning: false)));
    }

    private IEnumerable<PlannedLink> PlanProvider(
        NetworkDocument network, DocumentKey key, ProviderMapping provider, List<string> tunnels)
    {
        string bridge = NetworkNames.Bridge(network.Id);
        string uplink = NetworkNames.Uplink(network.Id);
        string alias = new LinkAlias("uplink", network.Id, 0).ToString();
        if (provider.HostAddress is { } address)
        {
            tunnels.Add(uplink);
            yield return new PlannedVeth(uplink, network.Mtu, bridge, alias, key, provider.Interface, null, null);
            yield return new PlannedPeer(provider.Interface, network.Mtu, null, HostAlias(network, provider), key, [address]);
        }
        else if (_present.Bridges.Contains(provider.Interface))
        {
            tunnels.Add(uplink);
            string peer = NetworkNames.UplinkPeer(network.Id);
            yield return new PlannedVeth(uplink, network.Mtu, bridge, alias, key, peer, null, null);
            yield return new PlannedPeer(peer, network.Mtu, provider.Interface, alias, key, []);
        }
        else
        {
            tunnels.Add(provider.Interface);
            yield return new PlannedUplink(provider.Interface, network.Mtu, bridge, key);
        }
    }

    /// <summary>The number remembers that this machine did not route before the agent made it, so that it stops with the agent's network.</summary>
    private string HostAlias(NetworkDocument network, ProviderMapping provider)
    {
        bool switchedOn = provider.Masquerade
            && (!_present.Forwards || _present.Aliases.Any(alias => alias is { Kind: LinkAlias.HostUplink, Number: LinkAlias.SwitchedForwardingOn }));
        return new LinkAlias(LinkAlias.HostUplink, network.Id, switchedOn ? LinkAlias.SwitchedForwardingOn : 0).ToString();
    }

    private void PlanRouters(List<PlannedLink> links, List<PlannedNamespace> namespaces)
    {
        foreach (var router in _desired.Routers.Select(router => router.Document).Where(router => router.AdminStateUp))
        {
            var plan = RouterPlan.Make(_instance, router, _networks, out string? fault);
            namespaces.Add(plan.Namespace);
            links.AddRange(plan.Links);
            if (fault is not null)
                _faults[new(DocumentKinds.Router, router.Id)] = fault;
        }
    }

    /// <summary>Local ports win over neighbours of the same MAC: while a server moves, both documents may be here.</summary>
    private List<PlannedForwarding> PlanForwarding(List<PlannedLink> links)
    {
        var tunnels = links.OfType<PlannedVxlan>().ToDictionary(link => link.Owner.Id, link => link.Name);
        var local = _desired.Ports.Select(port => (port.Document.NetworkId, Mac(port.Document.MacAddress))).ToHashSet();
        var entries = new HashSet<PlannedForwarding>();
        foreach (var neighbor in _desired.Neighbors.Select(neighbor => neighbor.Document))
        {
            if (!tunnels.TryGetValue(neighbor.NetworkId, out string? tunnel)
                || !System.Net.IPAddress.TryParse(neighbor.Vtep, out var vtep)
                || vtep.Equals(_options.TunnelAddress)
                || Mac(neighbor.MacAddress) is not { } mac)
            {
                continue;
            }

            entries.Add(new(tunnel, ForwardingEntry.FloodMac, vtep));
            if (local.Contains((neighbor.NetworkId, mac)))
                continue;
            entries.Add(new(tunnel, mac, vtep));
            entries.Add(new(tunnel, mac, null));
        }

        return [.. entries];
    }

    private Dictionary<string, int> BridgeZones(List<PlannedLink> links) =>
        links.OfType<PlannedBridge>().ToDictionary(bridge => bridge.Name, bridge => _zones[bridge.Owner.Id]);

    private bool IsMasqueraded(string link, IpPrefix address) =>
        address.IsIpv4 && _options.Providers.Any(provider => provider.Masquerade && provider.Interface == link);

    private static string? Mac(string text) => Addresses.MacAddress.TryParse(text, out var mac) ? mac.ToString() : null;
}
