namespace Appliance.Protocol.Documents;

/// <summary>A router hosted on this node: a namespace with one interface per port. Status: <c>active</c>, <c>down</c> or <c>error</c>.</summary>
/// <param name="Gateway">The external side; null when the router has none.</param>
/// <param name="Routes">Extra routes.</param>
public sealed record RouterDocument(
    string Id, string ProjectId, bool AdminStateUp, RouterGatewayDocument? Gateway,
    IReadOnlyList<RouterInterfaceDocument> Interfaces, IReadOnlyList<RouteDocument> Routes,
    IReadOnlyList<FloatingIpDocument> FloatingIps);

/// <param name="Addresses">With prefix length: <c>10.5.0.1/24</c>.</param>
public sealed record RouterInterfaceDocument(string PortId, string NetworkId, string MacAddress, IReadOnlyList<string> Addresses);

/// <param name="Addresses">With prefix length.</param>
/// <param name="GatewayIps">Next hops of the default routes, at most one an address family.</param>
/// <param name="EnableSnat">Whether IPv4 traffic from inside leaves with the router's own external address.</param>
public sealed record RouterGatewayDocument(
    string PortId, string NetworkId, string MacAddress, IReadOnlyList<string> Addresses, IReadOnlyList<string> GatewayIps, bool EnableSnat);

/// <summary>Address translation one to one between <paramref name="FloatingIpAddress"/> and <paramref name="FixedIpAddress"/>.</summary>
/// <param name="FixedIpAddress">Address of the inside port.</param>
public sealed record FloatingIpDocument(string Id, string FloatingIpAddress, string FixedIpAddress);
