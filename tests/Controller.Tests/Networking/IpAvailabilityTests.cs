namespace Appliance.Controller.Tests.Networking;

public sealed class IpAvailabilityTests
{
    private const string Path = "/network/v2.0/network-ip-availabilities";

    [Fact]
    public async Task What_there_is_and_what_is_used_are_counted_by_subnet_and_network()
    {
        await using var cloud = await TestCloud.StartAsync();
        var network = await cloud.CreateNetworkAsync("10.5.0.0/24");
        (await cloud.PostAsync("/network/v2.0/subnets", $$$"""
            {"subnet": {"network_id": "{{{network}}}", "ip_version": 6, "cidr": "fd00::/64", "enable_dhcp": false}}
            """)).ShouldBe(201);
        await cloud.CreatePortAsync(network);
        await cloud.CreateNetworkAsync();

        var shown = (await cloud.GetAsync($"{Path}/{network}")).ShouldBe(200).Json["network_ip_availability"]!;
        Assert.Equal(2, (int)shown["used_ips"]!);
        // All of 10.5.0.0/24 but its own, the gateway's and the broadcast address; all of fd00::/64 but its own and the gateway's.
        Assert.Equal((UInt128.One << 64) - 2 + 253, UInt128.Parse(shown["total_ips"]!.ToJsonString()));
        Assert.Equal(["10.5.0.0/24", "fd00::/64"], shown["subnet_ip_availability"]!.AsArray().Select(static subnet => (string)subnet!["cidr"]!));

        var listed = (await cloud.GetAsync($"{Path}?ip_version=4&fields=total_ips")).ShouldBe(200).Json["network_ip_availabilities"]!.AsArray();
        Assert.Equal("""[{"total_ips":253}]""", listed.ToJsonString());
        Assert.Equal(2, (await cloud.GetAsync(Path)).Json["network_ip_availabilities"]!.AsArray().Count);
        (await cloud.GetAsync($"{Path}?nosuch=1")).ShouldBeFault(400, "NeutronError", "['nosuch'] is invalid attribute for filtering");
        (await cloud.GetAsync($"{Path}/nosuch")).ShouldBeFault(404, "NeutronError", "Network nosuch could not be found.");
    }
}
