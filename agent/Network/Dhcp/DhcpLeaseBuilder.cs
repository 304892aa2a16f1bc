using System.Buffers.Binary;
using System.Net;
using System.Text;
using Appliance.Agent.Addresses;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network.Dhcp;

/// <summary>
/// What a port is told by DHCPv4, from its documents. Behaviour: neutron/agent/linux/dhcp.py, <c>_generate_opts_per_subnet</c>,
/// <c>_generate_opts_per_port</c> and <c>_output_hosts_file</c>; except that the metadata address is always on the link, because every node
/// answers for it on every network.
/// </summary>
internal static class DhcpLeaseBuilder
{
    /// <summary>Length limits of the <c>sname</c> and <c>file</c> fields, a terminating zero included (RFC 2131 §2).</summary>
    private const int ServerNameLength = 64;
    private const int BootFileLength = 128;

    private static readonly Route MetadataRoute = new(new IPNetwork(ServiceAddresses.Ipv4, 32), IPAddress.Any);

    /// <summary>Fixed by the protocol or by the answer itself: a port's extra options cannot change them.</summary>
    private static readonly HashSet<byte> Reserved =
    [
        DhcpOptionCode.Pad, DhcpOptionCode.SubnetMask, DhcpOptionCode.BroadcastAddress, DhcpOptionCode.RequestedAddress,
        DhcpOptionCode.LeaseTime, DhcpOptionCode.Overload, DhcpOptionCode.MessageType, DhcpOptionCode.ServerIdentifier,
        DhcpOptionCode.ParameterRequestList, DhcpOptionCode.Message, DhcpOptionCode.MaxMessageSize, DhcpOptionCode.RenewalTime,
        DhcpOptionCode.RebindingTime, DhcpOptionCode.ClientIdentifier, DhcpOptionCode.RelayAgentInformation,
    ];

    /// <returns>Null when the port has no IPv4 address on a subnet with DHCP: its requests stay unanswered.</returns>
    public static DhcpLease? Build(PortDocument port, NetworkDocument network)
    {
        if (!MacAddress.TryParse(port.MacAddress, out var mac))
            return null;

        foreach (var fixedIp in port.FixedIps)
        {
            var subnet = network.Subnets.FirstOrDefault(candidate => candidate.Id == fixedIp.SubnetId);
            if (subnet is { IpVersion: 4, EnableDhcp: true } && IPNetwork.TryParse(subnet.Cidr, out var cidr)
                && IPAddress.TryParse(fixedIp.IpAddress, out var address))
                return Build(port, network, subnet, cidr, mac, address);
        }

        return null;
    }

    private static DhcpLease Build(
        PortDocument port, NetworkDocument network, SubnetDocument subnet, IPNetwork cidr, MacAddress mac, IPAddress address)
    {
        var options = new SortedList<int, DhcpOption>();
        AddRoutes(options, network, subnet, cidr);
        Set(options, DhcpOptionCode.DnsServers, Addresses(subnet.DnsNameservers));
        Set(options, DhcpOptionCode.HostName, Encoding.ASCII.GetBytes(port.HostName));
        Set(options, DhcpOptionCode.DomainName, Encoding.ASCII.GetBytes(network.DnsDomain?.TrimEnd('.') ?? ""));
        if (network.Mtu is >= 68 and <= ushort.MaxValue)
            Set(options, DhcpOptionCode.Mtu, [(byte)(network.Mtu >> 8), (byte)network.Mtu]);

        uint nextServer = 0;
        foreach (var extra in DhcpOptionNames.Encode(port.ExtraDhcpOptions))
        {
            if (extra is { Code: DhcpOptionCode.NextServer, Value.Length: >= 4 })
                nextServer = BinaryPrimitives.ReadUInt32BigEndian(extra.Value);
            else if (!Reserved.Contains(extra.Code))
                Set(options, extra.Code, extra.Value);
        }

        return new DhcpLease(
            mac, ToNumber(address), MaskOf(cidr), network.Mtu, nextServer,
            Field(options, DhcpOptionCode.TftpServerName, ServerNameLength), Field(options, DhcpOptionCode.BootFileName, BootFileLength),
            [.. options.Values]);
    }

    private static void AddRoutes(SortedList<int, DhcpOption> options, NetworkDocument network, SubnetDocument subnet, IPNetwork cidr)
    {
        var routes = ParseRoutes(subnet).ToList();
        var gateway = IPAddress.TryParse(subnet.GatewayIp, out var own) ? own : routes.Find(route => route.IsDefault)?.NextHop;
        routes.RemoveAll(route => route.IsDefault);

        // The network's other subnets are on the same link.
        var siblings = network.Subnets.Where(other => other.IpVersion == 4 && other.Id != subnet.Id)
            .Select(other => IPNetwork.TryParse(other.Cidr, out var prefix) ? prefix : cidr)
            .Where(prefix => !prefix.Equals(cidr))
            .Select(prefix => new Route(prefix, IPAddress.Any));
        routes.InsertRange(0, siblings);
        routes.Add(MetadataRoute);
        if (gateway is not null)
        {
            // Clients that read the route list ignore the router option (RFC 3442), so the default route is in both.
            routes.Add(new Route(new IPNetwork(IPAddress.Any, 0), gateway));
            Set(options, DhcpOptionCode.Router, gateway.GetAddressBytes());
        }

        byte[] encoded = EncodeRoutes(routes);
        Set(options, DhcpOptionCode.ClasslessStaticRoutes, encoded);
        Set(options, DhcpOptionCode.MicrosoftClasslessStaticRoutes, encoded);
    }

    private static IEnumerable<Route> ParseRoutes(SubnetDocument subnet)
    {
        foreach (var route in subnet.HostRoutes)
        {
            if (IPNetwork.TryParse(route.Destination, out var destination) && IPAddress.TryParse(route.NextHop, out var nextHop))
                yield return new Route(destination, nextHop);
        }
    }

    /// <summary>RFC 3442: prefix length, as many bytes of the prefix as it fills, next hop.</summary>
    internal static byte[] EncodeRoutes(IEnumerable<Route> routes)
    {
        var bytes = new List<byte>();
        foreach (var route in routes)
        {
            bytes.Add((byte)route.Destination.PrefixLength);
            bytes.AddRange(route.Destination.BaseAddress.GetAddressBytes().AsSpan(0, (route.Destination.PrefixLength + 7) / 8));
            bytes.AddRange(route.NextHop.GetAddressBytes());
        }

        return [.. bytes];
    }

    /// <summary>A subnet whose only name server is 0.0.0.0 wants none announced (Neutron).</summary>
    private static byte[] Addresses(IReadOnlyList<string> texts) =>
        [.. texts.Select(text => IPAddress.TryParse(text, out var address) ? address : IPAddress.Any)
            .Where(address => address.GetAddressBytes().Length == 4 && !address.Equals(IPAddress.Any))
            .SelectMany(address => address.GetAddressBytes())];

    /// <summary>Keeps the last value given; an empty one takes the option away.</summary>
    private static void Set(SortedList<int, DhcpOption> options, byte code, byte[] value)
    {
        if (value.Length == 0)
            options.Remove(code);
        else
            options[code] = new DhcpOption(code, value);
    }

    private static byte[]? Field(SortedList<int, DhcpOption> options, byte code, int lengthBytes) =>
        options.TryGetValue(code, out var option) ? option.Value[..Math.Min(option.Value.Length, lengthBytes - 1)] : null;

    private static uint ToNumber(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());

    private static uint MaskOf(IPNetwork cidr) => cidr.PrefixLength == 0 ? 0 : uint.MaxValue << 32 - cidr.PrefixLength;

    internal sealed record Route(IPNetwork Destination, IPAddress NextHop)
    {
        public bool IsDefault => Destination.PrefixLength == 0;
    }
}
