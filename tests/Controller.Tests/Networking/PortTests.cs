namespace Appliance.Controller.Tests.Networking;

public sealed class PortTests
{
    [Fact]
    public async Task A_port_gets_an_address_of_each_family_and_the_default_group()
    {
        await using var cloud = await TestCloud.StartAsync();
        var network = await cloud.CreateNetworkAsync("10.5.0.0/24");
        (await cloud.PostAsync("/network/v2.0/subnets", $$$"""
            {"subnet": {"network_id": "{{{network}}}", "ip_version": 6, "cidr": "2001:db8::/64", "ipv6_ra_mode": "slaac", "ipv6_address_mode": "slaac"}}
            """)).ShouldBe(201);

        var port = await cloud.CreatePortAsync(network, """ "mac_address": "fa:16:3e:00:11:22" """);
        var addresses = port["fixed_ips"]!.AsArray().Select(static ip => (string)ip!["ip_address"]!).ToList();
        Assert.StartsWith("10.5.0.", addresses[0], StringComparison.Ordinal);
        Assert.Equal("2001:db8::f816:3eff:fe00:1122", addresses[1]);
        var group = (await cloud.GetAsync("/network/v2.0/security-groups?name=default")).Json["security_groups"]![0]!;
        Assert.Equal((string)group["id"]!, (string)port["security_groups"]![0]!);
        Assert.Equal(4, group["security_group_rules"]!.AsArray().Count);
        Assert.Equal("DOWN", (string)port["status"]!);
        Assert.Equal("unbound", (string)port["binding:vif_type"]!);
    }

    [Fact]
    public async Task An_address_is_given_once()
    {
        await using var cloud = await TestCloud.StartAsync();
        var network = await cloud.CreateNetworkAsync("10.5.0.0/24");
        var port = await cloud.CreatePortAsync(network, """ "fixed_ips": [{"ip_address": "10.5.0.9"}] """);
        var again = await cloud.PostAsync("/network/v2.0/ports", $$$"""
            {"port": {"network_id": "{{{network}}}", "fixed_ips": [{"ip_address": "10.5.0.9"}]}}
            """);
        again.ShouldBeFault(409, "NeutronError", "IP address 10.5.0.9 already allocated");
        (await cloud.DeleteAsync($"/network/v2.0/ports/{(string)port["id"]!}")).ShouldBe(204);
        await cloud.CreatePortAsync(network, """ "fixed_ips": [{"ip_address": "10.5.0.9"}] """);
    }

    [Fact]
    public async Task A_pool_is_used_to_its_last_address()
    {
        await using var cloud = await TestCloud.StartAsync();
        var network = await cloud.CreateNetworkAsync("10.5.0.0/29");
        var addresses = new HashSet<string>();
        for (var i = 0; i < 5; i++)
            addresses.Add((string)(await cloud.CreatePortAsync(network))["fixed_ips"]![0]!["ip_address"]!);
        Assert.Equal(["10.5.0.2", "10.5.0.3", "10.5.0.4", "10.5.0.5", "10.5.0.6"], addresses.Order());
        (await cloud.PostAsync("/network/v2.0/ports", $$$"""{"port": {"network_id": "{{{network}}}"}}"""))
            .ShouldBeFault(409, "NeutronError", $"No more IP addresses available on network {network}.");
    }

    [Fact]
    public async Task Addresses_pairs_options_and_groups_of_a_port_can_be_changed()
    {
        await using var cloud = await TestCloud.StartAsync();
        var network = await cloud.CreateNetworkAsync("10.5.0.0/24");
        var id = (string)(await cloud.CreatePortAsync(network))["id"]!;
        var changed = (await cloud.PutAsync($"/network/v2.0/ports/{id}", """
            {"port": {"fixed_ips": [{"ip_address": "10.5.0.77"}], "security_groups": [], "allowed_address_pairs": [{"ip_address": "10.9.0.0/24"}],
                      "extra_dhcp_opts": [{"opt_name": "bootfile-name", "opt_value": "pxe.0"}]}}
            """)).ShouldBe(200).Json["port"]!;
        Assert.Equal("10.5.0.77", (string)changed["fixed_ips"]![0]!["ip_address"]!);
        Assert.Empty(changed["security_groups"]!.AsArray());
        Assert.Equal((string)changed["mac_address"]!, (string)changed["allowed_address_pairs"]![0]!["mac_address"]!);
        Assert.Equal(4, (int)changed["extra_dhcp_opts"]![0]!["ip_version"]!);
        Assert.Single((await cloud.GetAsync("/network/v2.0/ports?fixed_ips=ip_address%3D10.5.0.77")).Json["ports"]!.AsArray());
    }

    [Fact]
    public async Task A_network_with_ports_stays()
    {
        await using var cloud = await TestCloud.StartAsync();
        var network = await cloud.CreateNetworkAsync("10.5.0.0/24");
        await cloud.CreatePortAsync(network);
        (await cloud.DeleteAsync($"/network/v2.0/networks/{network}")).ShouldBeFault(409, "NeutronError", "NetworkInUse");
    }
}
