namespace Appliance.Protocol.Documents;

/// <summary>The rules of a security group that a port of this node uses. No status of its own: ports turn active when theirs are in force.</summary>
public sealed record SecurityGroupDocument(string Id, bool Stateful, IReadOnlyList<SecurityGroupRuleDocument> Rules);

/// <param name="Direction"><c>ingress</c> or <c>egress</c>, seen from the port.</param>
/// <param name="EtherType"><c>IPv4</c> or <c>IPv6</c>.</param>
/// <param name="Protocol">IP protocol number; null for any.</param>
/// <param name="PortRangeMin">First port, or the ICMP type; null for any.</param>
/// <param name="PortRangeMax">Last port, or the ICMP code; null for any.</param>
/// <param name="RemoteIpPrefix">CIDR; null for any.</param>
/// <param name="RemoteGroupId">The <see cref="AddressSetDocument"/> that remote addresses must be in; null for any.</param>
public sealed record SecurityGroupRuleDocument(
    string Id, string Direction, string EtherType, int? Protocol, int? PortRangeMin, int? PortRangeMax,
    string? RemoteIpPrefix, string? RemoteGroupId);

/// <summary>The addresses of all ports of a security group (or of an address group), wherever they live; referred to by rules.</summary>
public sealed record AddressSetDocument(string Id, IReadOnlyList<string> Addresses);
