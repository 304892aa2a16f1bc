using System.Text;
using Appliance.Agent.Metadata;
using Appliance.Agent.Metadata.Documents;
using Appliance.Agent.Tests.Network;

namespace Appliance.Agent.Tests.Metadata.Documents;

public sealed class NetworkDataTests
{
    [Fact]
    public void A_port_with_dhcp_is_told_to_use_it() => Assert.Equal(
        """
        {"links": [{"id": "tap33333333-00", "vif_id": "33333333-0000-0000-0000-000000000000", "type": "bridge", "mtu": 1450,
        "ethernet_mac_address": "fa:16:3e:12:34:56"}],
        "networks": [{"id": "network0", "type": "ipv4_dhcp", "link": "tap33333333-00", "network_id": "22222222-0000-0000-0000-000000000000"}],
        "services": [{"type": "dns", "address": "9.9.9.9"}, {"type": "dns", "address": "1.1.1.1"}]}
        """.ReplaceLineEndings(" "),
        Write(GuestServers.Server));

    [Fact]
    public void Addresses_without_dhcp_are_spelled_out()
    {
        var network = GuestDocuments.Network with
        {
            Subnets =
            [
                GuestDocuments.Subnet6,
                GuestDocuments.Subnet4 with { EnableDhcp = false, DnsNameservers = ["9.9.9.9"], HostRoutes = [new("10.8.0.0/13", "10.5.0.2")] },
            ],
        };
        var port = GuestDocuments.Port with
        {
            FixedIps = [new(GuestDocuments.Subnet6.Id, "2001:db8:5::7"), new(GuestDocuments.Subnet4.Id, "10.5.0.7"), new(GuestDocuments.Subnet4.Id, "10.5.0.8")],
        };
        string text = Write(GuestServers.Server with { Ports = [new MetadataPort(port, network)] });

        Assert.Contains(
            """
            {"id": "network0", "type": "ipv4", "link": "tap33333333-00", "ip_address": "10.5.0.7", "netmask": "255.255.255.0",
            "routes": [{"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "10.5.0.1"},
            {"network": "10.8.0.0", "netmask": "255.248.0.0", "gateway": "10.5.0.2"}],
            "services": [{"type": "dns", "address": "9.9.9.9"}], "network_id": "22222222-0000-0000-0000-000000000000"}
            """.ReplaceLineEndings(" "), text);
        Assert.Contains(
            """
            {"id": "network1", "type": "ipv6_slaac", "link": "tap33333333-00", "ip_address": "2001:db8:5::7", "netmask": "ffff:ffff:ffff:ffff::",
            "routes": [{"network": "::", "netmask": "::", "gateway": "2001:db8:5::1"}],
            "services": [{"type": "dns", "address": "2620:fe::fe"}], "network_id": "22222222-0000-0000-0000-000000000000"}
            """.ReplaceLineEndings(" "), text);
    }

    [Fact]
    public void A_server_without_ports_has_empty_lists() =>
        Assert.Equal("""{"links": [], "networks": [], "services": []}""", Write(GuestServers.Server with { Ports = [] }));

    private static string Write(MetadataServer server) => Encoding.UTF8.GetString(NetworkData.Write(server));
}
