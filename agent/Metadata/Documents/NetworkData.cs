using System.Net;
using System.Text.Json;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Metadata.Documents;

/// <summary>
/// <c>network_data.json</c>. Behaviour: nova/virt/netutils.py, <c>get_network_metadata</c>: of each port the first IPv4 and the first IPv6
/// subnet it has an address on.
/// </summary>
internal static class NetworkData
{
    public static byte[] Write(MetadataServer server) => JsonText.Write(json =>
    {
        var links = server.Ports.Select(port => new Link(port)).Where(link => link.Subnets.Count > 0).ToList();
        json.WriteStartObject();
        json.WriteStartArray("links");
        foreach (var link in links)
            WriteLink(json, link);
        json.WriteEndArray();

        json.WriteStartArray("networks");
        var networks = links.SelectMany(link => link.Subnets.Select(subnet => (link, subnet.Subnet, subnet.Address)));
        foreach (var (number, (link, subnet, address)) in networks.Index())
            WriteNetwork(json, $"network{number}", link, subnet, address);
        json.WriteEndArray();

        WriteServices(json, links.SelectMany(link => link.Subnets).SelectMany(subnet => subnet.Subnet.DnsNameservers).Distinct());
        json.WriteEndObject();
    });

    private static void WriteLink(Utf8JsonWriter json, Link link)
    {
        json.WriteStartObject();
        json.WriteString("id", link.Id);
        json.WriteString("vif_id", link.Port.Port.Id);
        json.WriteString("type", "bridge");
        json.WriteNumber("mtu", link.Port.Network.Mtu);
        json.WriteString("ethernet_mac_address", link.Port.Port.MacAddress);
        json.WriteEndObject();
    }

    private static void WriteNetwork(Utf8JsonWriter json, string id, Link link, SubnetDocument subnet, string address)
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        if (subnet.Ipv6AddressMode is null && subnet.EnableDhcp)
        {
            json.WriteString("type", $"ipv{subnet.IpVersion}_dhcp");
            json.WriteString("link", link.Id);
        }
        else
        {
            json.WriteString("type", subnet.Ipv6AddressMode is { } mode ? $"ipv6_{mode}" : $"ipv{subnet.IpVersion}");
            json.WriteString("link", link.Id);
            WriteAddress(json, subnet, address);
        }

        json.WriteString("network_id", link.Port.Network.Id);
        json.WriteEndObject();
    }

    private static void WriteAddress(Utf8JsonWriter json, SubnetDocument subnet, string address)
    {
        json.WriteString("ip_address", address);
        json.WriteString("netmask", IPNetwork.TryParse(subnet.Cidr, out var cidr) ? MaskOf(cidr) : null);
        json.WriteStartArray("routes");
        if (subnet.GatewayIp is { } gateway)
        {
            string any = subnet.IpVersion == 4 ? "0.0.0.0" : "::";
            WriteRoute(json, any, any, gateway);
        }

        foreach (var route in subnet.HostRoutes)
        {
            if (IPNetwork.TryParse(route.Destination, out var destination))
                WriteRoute(json, destination.BaseAddress.ToString(), MaskOf(destination), route.NextHop);
        }

        json.WriteEndArray();
        WriteServices(json, subnet.DnsNameservers);
    }

    private static void WriteRoute(Utf8JsonWriter json, string network, string netmask, string gateway)
    {
        json.WriteStartObject();
        json.WriteString("network", network);
        json.WriteString("netmask", netmask);
        json.WriteString("gateway", gateway);
        json.WriteEndObject();
    }

    private static void WriteServices(Utf8JsonWriter json, IEnumerable<string> nameServers)
    {
        json.WriteStartArray("services");
        foreach (string address in nameServers)
        {
            json.WriteStartObject();
            json.WriteString("type", "dns");
            json.WriteString("address", address);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string MaskOf(IPNetwork network)
    {
        byte[] mask = network.BaseAddress.GetAddressBytes();
        for (int i = 0; i < mask.Length; i++)
        {
            int bits = Math.Clamp(network.PrefixLength - 8 * i, 0, 8);
            mask[i] = (byte)(0xFF00 >> bits);
        }

        return new IPAddress(mask).ToString();
    }

    /// <summary>A port as a link: its subnets are at most one of each IP version.</summary>
    private sealed class Link(MetadataPort port)
    {
        private const int DeviceNameLength = 14;

        public MetadataPort Port => port;

        /// <summary>Nova's name of the TAP device; any unique text would do.</summary>
        public string Id { get; } = $"tap{port.Port.Id}"[..Math.Min(DeviceNameLength, 3 + port.Port.Id.Length)];

        public IReadOnlyList<(SubnetDocument Subnet, string Address)> Subnets { get; } =
            [.. port.Port.FixedIps
                .Select(fixedIp => (Subnet: port.Network.Subnets.FirstOrDefault(subnet => subnet.Id == fixedIp.SubnetId)!, fixedIp.IpAddress))
                .Where(pair => pair.Subnet is not null)
                .OrderBy(pair => pair.Subnet.IpVersion)
                .DistinctBy(pair => pair.Subnet.IpVersion)];
    }
}
