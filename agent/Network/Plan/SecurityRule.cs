using System.Diagnostics.CodeAnalysis;
using Appliance.Linux.Netlink.Conntrack;
using Appliance.Linux.Netlink.Route;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network.Plan;

/// <summary>A security group rule, parsed.</summary>
/// <param name="First">First port or ICMP type; null for any.</param>
/// <param name="Last">Last port or ICMP code; null for any.</param>
internal sealed record SecurityRule(
    bool IsIngress, bool IsIpv4, int? Protocol, int? First, int? Last, IpPrefix? RemotePrefix, string? RemoteGroupId)
{
    public const string Ingress = "ingress";
    public const string Egress = "egress";

    private const int Icmp = 1;
    private const int Icmpv6 = 58;

    public bool IsIcmp => Protocol is Icmp or Icmpv6;

    /// <summary>TCP, UDP, DCCP, SCTP and UDP-Lite have ports (neutron_lib, constants.IPTABLES_PROTOCOL_MAP, SG_PORT_PROTO_NUMS).</summary>
    public bool HasPorts => Protocol is 6 or 17 or 33 or 132 or 136;

    public static bool TryParse(SecurityGroupRuleDocument document, [NotNullWhen(true)] out SecurityRule? rule, [NotNullWhen(false)] out string? fault)
    {
        rule = null;
        fault = null;
        bool ipv4 = document.EtherType == "IPv4";
        IpPrefix? remote = null;
        if (document.RemoteIpPrefix is not null)
        {
            if (!IpPrefix.TryParse(document.RemoteIpPrefix, out var prefix) || prefix.IsIpv4 != ipv4)
            {
                fault = $"Rule {document.Id}: \"{document.RemoteIpPrefix}\" is not an {document.EtherType} prefix.";
                return false;
            }

            remote = prefix;
        }

        // Neutron's API lets "icmp" stand for ICMPv6 in IPv6 rules.
        int? protocol = document.Protocol == Icmp && !ipv4 ? Icmpv6 : document.Protocol;
        if (protocol is < 0 or > 255 || document.PortRangeMin is < 0 or > ushort.MaxValue || document.PortRangeMax is < 0 or > ushort.MaxValue)
        {
            fault = $"Rule {document.Id}: protocol or port out of range.";
            return false;
        }

        rule = new(document.Direction == Ingress, ipv4, protocol, document.PortRangeMin, document.PortRangeMax, remote, document.RemoteGroupId);
        return true;
    }

    /// <summary>Whether a connection, as its first packet was, is what the rule allows.</summary>
    /// <param name="isMember">Whether an address belongs to a remote group.</param>
    public bool Allows(ConnectionTuple tuple, Func<string, System.Net.IPAddress, bool> isMember)
    {
        var remote = IsIngress ? tuple.Source : tuple.Destination;
        if (IsIpv4 != (remote.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork))
            return false;
        if (RemotePrefix is { } prefix && !prefix.Contains(remote))
            return false;
        if (RemoteGroupId is { } group && !isMember(group, remote))
            return false;
        if (Protocol is { } protocol && protocol != tuple.Protocol)
            return false;
        if (HasPorts)
            return tuple.DestinationPort >= (First ?? 0) && tuple.DestinationPort <= (Last ?? ushort.MaxValue);
        return !IsIcmp || ((First is null || First == tuple.DestinationPort) && (Last is null || Last == tuple.IcmpCode));
    }
}
