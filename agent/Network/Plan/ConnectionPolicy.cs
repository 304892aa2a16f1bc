using System.Net;
using Appliance.Agent.Addresses;
using Appliance.Linux.Netlink.Conntrack;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network.Plan;

/// <summary>
/// Judges tracked connections by the present rules: the kernel lets established ones pass whatever the rules have become, so those that
/// would not be allowed any more are ended, as Neutron does when rules or members go (neutron/agent/linux/ip_conntrack.py).
/// </summary>
internal sealed class ConnectionPolicy
{
    private readonly Dictionary<(int Zone, IPAddress Address), PlannedPort> _ports = [];
    private readonly Dictionary<string, IReadOnlyList<SecurityRule>> _rules = [];
    private readonly AddressSets _sets;

    public ConnectionPolicy(IEnumerable<PlannedPort> ports, AddressSets sets)
    {
        _sets = sets;
        foreach (var port in ports.Where(port => port is { Secured: true, Stateful: true }))
        {
            foreach (var pair in port.Pairs.Where(pair => pair.Prefix.IsHost))
                _ports.TryAdd((port.Zone, pair.Prefix.Address), port);
            foreach (var group in port.Groups)
                _rules.TryAdd(group.Id, Parse(group));
        }
    }

    /// <summary>Whether both its ends, as far as they are ports of this node, still allow the connection.</summary>
    public bool Allows(Connection connection) =>
        (!_ports.TryGetValue((connection.Zone, connection.Original.Source), out var from) || Allows(from, connection.Original, ingress: false))
        && (!_ports.TryGetValue((connection.Zone, connection.Original.Destination), out var to) || Allows(to, connection.Original, ingress: true));

    private bool Allows(PlannedPort port, ConnectionTuple tuple, bool ingress)
    {
        // What ConnectionRules allow every guest.
        if (tuple is { Protocol: 58, DestinationPort: >= 130 and <= 143 } || (!ingress && IsService(tuple)))
            return true;

        return port.Groups.Any(group =>
            _rules[group.Id].Any(rule => rule.IsIngress == ingress && rule.Allows(tuple, _sets.Contains)));
    }

    private static bool IsService(ConnectionTuple tuple) =>
        (tuple is { Protocol: 17, DestinationPort: 67 or 547 })
        || (tuple is { Protocol: 6, DestinationPort: 80 }
            && (tuple.Destination.Equals(ServiceAddresses.Ipv4) || tuple.Destination.Equals(ServiceAddresses.Ipv6)));

    private static List<SecurityRule> Parse(SecurityGroupDocument group)
    {
        var rules = new List<SecurityRule>();
        foreach (var document in group.Rules)
        {
            if (SecurityRule.TryParse(document, out var rule, out _))
                rules.Add(rule);
        }

        return rules;
    }
}
