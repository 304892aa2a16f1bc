using Appliance.Agent.Network;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Network.Kernel;

/// <summary>The documents a controller would send, to be changed between passes.</summary>
internal sealed class TestCloud
{
    public Dictionary<string, NetworkDocument> Networks { get; } = [];
    public Dictionary<string, PortDocument> Ports { get; } = [];
    public Dictionary<string, NeighborDocument> Neighbors { get; } = [];
    public Dictionary<string, SecurityGroupDocument> Groups { get; } = [];
    public Dictionary<string, AddressSetDocument> Sets { get; } = [];
    public Dictionary<string, RouterDocument> Routers { get; } = [];

    public NetworkDesired Desired() => new(Version(Networks), Version(Ports), Version(Neighbors), Version(Groups), Version(Sets), Version(Routers));

    public string AddNetwork(int? vni = 77, string? provider = null, int mtu = 1450)
    {
        string id = NewId();
        Networks[id] = new(id, "project", provider is null ? NetworkTypes.Vxlan : NetworkTypes.Flat, provider is null ? vni : null,
            provider, mtu, true, null, []);
        return id;
    }

    /// <summary>A security group with rules, for example <c>ingress IPv4 tcp 80</c> or <c>egress IPv6</c>.</summary>
    public string AddGroup(params string[] rules)
    {
        string id = NewId();
        Groups[id] = new(id, true, [.. rules.Select(Rule)]);
        return id;
    }

    /// <summary>A group as Neutron's default one: everything out, nothing in but what <paramref name="ingress"/> says.</summary>
    public string AddDefaultGroup(params string[] ingress) => AddGroup(["egress IPv4", "egress IPv6", .. ingress]);

    public TestPort AddPort(string networkId, string address, string? group = null, Func<PortDocument, PortDocument>? change = null)
    {
        string id = NewId();
        string mac = $"fa:16:3e:{id[0..2]}:{id[2..4]}:{id[4..6]}";
        var port = new PortDocument(id, networkId, "project", NewId(), mac, true, true, "guest",
            [.. address.Split(',').Select(ip => new FixedIpDocument("subnet", ip.Split('/')[0]))],
            group is null ? [] : [group], [], []);
        Ports[id] = change?.Invoke(port) ?? port;
        return new(id, Ports[id].MacAddress, address.Split(','));
    }

    public void SetRules(string groupId, params string[] rules) => Groups[groupId] = Groups[groupId] with { Rules = [.. rules.Select(Rule)] };

    /// <summary>What the node without the port learns of it.</summary>
    public void AddNeighbor(TestPort port, string networkId, string vtep) =>
        Neighbors[port.Id] = new(port.Id, networkId, port.Mac, [.. port.Addresses.Select(a => a.Split('/')[0])], vtep);

    public static string NewId() => Guid.NewGuid().ToString();

    private static SecurityGroupRuleDocument Rule(string text)
    {
        var parts = text.Split(' ');
        var rule = new SecurityGroupRuleDocument(NewId(), parts[0], parts[1], null, null, null, null, null);
        foreach (string part in parts[2..])
        {
            rule = part switch
            {
                "tcp" => rule with { Protocol = 6 },
                "udp" => rule with { Protocol = 17 },
                "icmp" => rule with { Protocol = parts[1] == "IPv4" ? 1 : 58 },
                _ when part.StartsWith("group=", StringComparison.Ordinal) => rule with { RemoteGroupId = part[6..] },
                _ when part.StartsWith("from=", StringComparison.Ordinal) => rule with { RemoteIpPrefix = part[5..] },
                _ => rule with { PortRangeMin = int.Parse(part.Split('-')[0]), PortRangeMax = int.Parse(part.Split('-')[^1]) },
            };
        }

        return rule;
    }

    private static List<Versioned<T>> Version<T>(Dictionary<string, T> documents) =>
        [.. documents.Values.Select(document => new Versioned<T>(1, document))];
}

/// <param name="Addresses">With prefix length, as the guest configures them.</param>
internal sealed record TestPort(string Id, string Mac, string[] Addresses);
