namespace Appliance.Protocol.Documents;

/// <summary>A layer-2 network that at least one port or router of this node is on. Status: <c>active</c> or <c>error</c>.</summary>
/// <param name="Id">Neutron network id.</param>
/// <param name="Type"><see cref="NetworkTypes"/>.</param>
/// <param name="SegmentationId">VXLAN network identifier, 1 to 16777215; null for a flat network.</param>
/// <param name="PhysicalNetwork">Provider label that the node maps to an interface; null for a tenant network.</param>
/// <param name="Mtu">Largest IP packet on this network, in bytes.</param>
public sealed record NetworkDocument(
    string Id, string ProjectId, string Type, int? SegmentationId, string? PhysicalNetwork, int Mtu, bool AdminStateUp,
    string? DnsDomain, IReadOnlyList<SubnetDocument> Subnets);

/// <summary>The values of <see cref="NetworkDocument.Type"/>.</summary>
public static class NetworkTypes
{
    public const string Vxlan = "vxlan";
    public const string Flat = "flat";
}

/// <param name="Cidr">For example <c>10.5.0.0/24</c>.</param>
/// <param name="GatewayIp">Null when the subnet has no gateway.</param>
/// <param name="Ipv6RaMode">Null, <c>slaac</c>, <c>dhcpv6-stateful</c> or <c>dhcpv6-stateless</c>: who sends router advertisements, and how.</param>
/// <param name="Ipv6AddressMode">The same values: how ports get addresses.</param>
/// <param name="HasRouter">Whether a router of the cloud has an interface on this subnet (its gateway answers; advertisements announce a default route).</param>
/// <param name="GatewayMac">
/// MAC address of the router interface that holds the gateway, whichever node has it: IPv6 guests take the sender of an advertisement for
/// their default gateway, so the node sends them from the link-local address this MAC makes. Null: no router advertisements.
/// </param>
public sealed record SubnetDocument(
    string Id, int IpVersion, string Cidr, string? GatewayIp, bool EnableDhcp, string? Ipv6RaMode, string? Ipv6AddressMode,
    bool HasRouter, IReadOnlyList<string> DnsNameservers, IReadOnlyList<RouteDocument> HostRoutes,
    string? GatewayMac = null);

/// <summary>A static route: <paramref name="Destination"/> (CIDR) is reached through <paramref name="NextHop"/>.</summary>
public sealed record RouteDocument(string Destination, string NextHop);
