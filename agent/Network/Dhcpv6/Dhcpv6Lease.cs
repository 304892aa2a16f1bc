using System.Net;
using System.Net.Sockets;
using Appliance.Agent.Addresses;
using Appliance.Agent.Network.Dhcp;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network.Dhcpv6;

/// <summary>Everything one port's DHCPv6 answers say, encoded once when the documents change.</summary>
/// <param name="Mac">The only client that is answered.</param>
/// <param name="Addresses">Of the stateful subnets, 16 bytes each; empty: options only.</param>
/// <param name="Options">Sent when asked for.</param>
internal sealed record Dhcpv6Lease(MacAddress Mac, byte[][] Addresses, (ushort Code, byte[] Value)[] Options)
{
    private const string Slaac = "slaac";
    private const string Stateless = "dhcpv6-stateless";

    /// <summary>
    /// From the port's fixed addresses. Behaviour: neutron/agent/linux/dhcp.py: a subnet without any mode is stateful too, one whose addresses
    /// come by SLAAC has no DHCPv6.
    /// </summary>
    /// <returns>Null when the port has no address on a subnet with DHCPv6: its requests stay unanswered.</returns>
    public static Dhcpv6Lease? Build(PortDocument port, NetworkDocument network)
    {
        var subnets = new List<SubnetDocument>();
        var addresses = new List<byte[]>();
        foreach (var fixedIp in port.FixedIps)
        {
            var subnet = network.Subnets.FirstOrDefault(candidate => candidate.Id == fixedIp.SubnetId);
            if (subnet is not { IpVersion: 6, EnableDhcp: true } || subnet.Ipv6AddressMode == Slaac)
                continue;
            if (subnet.Ipv6AddressMode is null && subnet.Ipv6RaMode is not null)
                continue;

            subnets.Add(subnet);
            if (subnet.Ipv6AddressMode != Stateless && IPAddress.TryParse(fixedIp.IpAddress, out var address)
                && address.AddressFamily == AddressFamily.InterNetworkV6)
                addresses.Add(address.GetAddressBytes());
        }

        return subnets.Count > 0 && MacAddress.TryParse(port.MacAddress, out var mac)
            ? new Dhcpv6Lease(mac, [.. addresses], BuildOptions(port, network, subnets))
            : null;
    }

    private static (ushort Code, byte[] Value)[] BuildOptions(PortDocument port, NetworkDocument network, List<SubnetDocument> subnets)
    {
        var options = new SortedList<ushort, byte[]>();
        byte[] servers = [.. subnets.SelectMany(subnet => subnet.DnsNameservers)
            .Select(text => IPAddress.TryParse(text, out var address) ? address : IPAddress.IPv6Any)
            .Where(address => address.AddressFamily == AddressFamily.InterNetworkV6 && !address.Equals(IPAddress.IPv6Any))
            .Distinct().SelectMany(address => address.GetAddressBytes())];
        if (servers.Length > 0)
            options[Dhcpv6OptionCode.DnsServers] = servers;
        if (network.DnsDomain is { Length: > 0 } domain && DhcpOptionValue.TryDomainNames([domain]) is { } search)
            options[Dhcpv6OptionCode.DomainList] = search;
        foreach (var (code, value) in DhcpOptionNames.EncodeIpv6(port.ExtraDhcpOptions))
        {
            // Below 21 are the protocol's own options (RFC 8415 §21), not configuration.
            if (code > 20)
                options[code] = value;
        }

        return [.. options.Select(option => (option.Key, option.Value))];
    }
}
