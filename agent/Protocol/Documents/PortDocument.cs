namespace Appliance.Protocol.Documents;

/// <summary>
/// A port bound to this node whose device is a server here: a TAP device on the network's bridge, with its anti-spoofing and security
/// group rules, its DHCP answers and its metadata. Status: <c>active</c> once traffic can flow, <c>down</c> or <c>error</c>.
/// </summary>
/// <param name="DeviceId">Server id.</param>
/// <param name="HostName">DNS label handed out by DHCP.</param>
/// <param name="SecurityGroupIds">Empty means: nothing in or out but DHCP, ND and metadata, unless <paramref name="PortSecurityEnabled"/> is false.</param>
/// <param name="FloatingIpAddress">The floating IPv4 address that leads to this port, for the metadata service (<c>public-ipv4</c>); null when there is none.</param>
public sealed record PortDocument(
    string Id, string NetworkId, string ProjectId, string DeviceId, string MacAddress, bool AdminStateUp,
    bool PortSecurityEnabled, string HostName, IReadOnlyList<FixedIpDocument> FixedIps,
    IReadOnlyList<string> SecurityGroupIds, IReadOnlyList<AddressPairDocument> AllowedAddressPairs,
    IReadOnlyList<DhcpOptionDocument> ExtraDhcpOptions, string? FloatingIpAddress = null);

public sealed record FixedIpDocument(string SubnetId, string IpAddress);

/// <param name="IpAddress">An address or a CIDR.</param>
public sealed record AddressPairDocument(string IpAddress, string MacAddress);

/// <param name="Name">dnsmasq's name or the option's number, as Neutron's <c>extra_dhcp_opts</c> take it.</param>
public sealed record DhcpOptionDocument(string Name, string Value, int IpVersion);

/// <summary>A port of one of this node's networks that lives on another node: a static forwarding entry. No status.</summary>
/// <param name="Id">Port id.</param>
/// <param name="Vtep">Underlay address of the node that has the port.</param>
public sealed record NeighborDocument(string Id, string NetworkId, string MacAddress, IReadOnlyList<string> IpAddresses, string Vtep);
