namespace Appliance.Controller.Tests.Networking;

public sealed class RouterTests
{
    [Fact]
    public async Task A_router_with_gateway_and_interface_carries_a_floating_address_and_holds_what_it_needs()
    {
        await using var cloud = await TestCloud.StartAsync();
        var external = await cloud.CreateNetworkAsync("203.0.113.0/24", """
            "router:external": true, "provider:network_type": "flat", "provider:physical_network": "public"
            """);
        var network = await cloud.CreateNetworkAsync("10.5.0.0/24");
        var subnet = (string)(await cloud.GetAsync($"/network/v2.0/subnets?network_id={network}")).Json["subnets"]![0]!["id"]!;
        var router = await cloud.CreateRouterAsync(external);
        (await cloud.PutAsync($"/network/v2.0/routers/{router}/add_router_interface", $$$"""{"subnet_id": "{{{subnet}}}"}""")).ShouldBe(200);
        var port = (string)(await cloud.CreatePortAsync(network))["id"]!;

        var floating = (await cloud.PostAsync("/network/v2.0/floatingips", $$$"""
            {"floatingip": {"floating_network_id": "{{{external}}}", "port_id": "{{{port}}}"}}
            """)).ShouldBe(201).Json["floatingip"]!;
        Assert.StartsWith("203.0.113.", (string)floating["floating_ip_address"]!, StringComparison.Ordinal);
        Assert.Equal(router, (string)floating["router_id"]!);
        Assert.Equal(port, (string)floating["port_id"]!);

        (await cloud.PutAsync($"/network/v2.0/routers/{router}/remove_router_interface", $$$"""{"subnet_id": "{{{subnet}}}"}"""))
            .ShouldBeFault(409, "NeutronError", "RouterInterfaceInUseByFloatingIP");
        (await cloud.PutAsync($"/network/v2.0/routers/{router}", """{"router": {"external_gateway_info": {}}}"""))
            .ShouldBeFault(409, "NeutronError", "RouterExternalGatewayInUseByFloatingIp");
        (await cloud.DeleteAsync($"/network/v2.0/routers/{router}")).ShouldBeFault(409, "NeutronError", "has ports still attached");

        (await cloud.DeleteAsync($"/network/v2.0/ports/{port}")).ShouldBe(204);
        var left = (await cloud.GetAsync($"/network/v2.0/floatingips/{(string)floating["id"]!}")).Json["floatingip"]!;
        Assert.Null(left["port_id"]);
        (await cloud.DeleteAsync($"/network/v2.0/floatingips/{(string)floating["id"]!}")).ShouldBe(204);
        (await cloud.PutAsync($"/network/v2.0/routers/{router}/remove_router_interface", $$$"""{"subnet_id": "{{{subnet}}}"}""")).ShouldBe(200);
        (await cloud.DeleteAsync($"/network/v2.0/routers/{router}")).ShouldBe(204);
        Assert.Empty((await cloud.GetAsync("/network/v2.0/ports")).Json["ports"]!.AsArray());
    }

    [Fact]
    public async Task Subnets_that_overlap_do_not_meet_at_one_router()
    {
        await using var cloud = await TestCloud.StartAsync();
        var first = await cloud.CreateSubnetAsync(await cloud.CreateNetworkAsync("10.9.0.0/24"), "10.5.0.0/24");
        var second = await cloud.CreateSubnetAsync(await cloud.CreateNetworkAsync("10.8.0.0/24"), "10.5.0.0/16");
        var router = await cloud.CreateRouterAsync();
        (await cloud.PutAsync($"/network/v2.0/routers/{router}/add_router_interface", $$$"""{"subnet_id": "{{{first}}}"}""")).ShouldBe(200);
        (await cloud.PutAsync($"/network/v2.0/routers/{router}/add_router_interface", $$$"""{"subnet_id": "{{{second}}}"}"""))
            .ShouldBeFault(400, "NeutronError", "overlaps with cidr 10.5.0.0/24");
    }

    [Fact]
    public async Task Extra_routes_lead_to_neighbours_only()
    {
        await using var cloud = await TestCloud.StartAsync();
        var subnet = await cloud.CreateSubnetAsync(await cloud.CreateNetworkAsync("10.9.0.0/24"), "10.5.0.0/24");
        var router = await cloud.CreateRouterAsync();
        (await cloud.PutAsync($"/network/v2.0/routers/{router}/add_router_interface", $$$"""{"subnet_id": "{{{subnet}}}"}""")).ShouldBe(200);
        (await cloud.PutAsync($"/network/v2.0/routers/{router}", """{"router": {"routes": [{"destination": "172.16.0.0/16", "nexthop": "10.6.0.1"}]}}"""))
            .ShouldBeFault(400, "NeutronError", "the nexthop is not connected with router");
        var changed = (await cloud.PutAsync($"/network/v2.0/routers/{router}",
            """{"router": {"routes": [{"destination": "172.16.0.0/16", "nexthop": "10.5.0.7"}]}}""")).ShouldBe(200);
        Assert.Equal("10.5.0.7", (string)changed.Json["router"]!["routes"]![0]!["nexthop"]!);
        (await cloud.PutAsync($"/network/v2.0/routers/{router}/remove_router_interface", $$$"""{"subnet_id": "{{{subnet}}}"}"""))
            .ShouldBeFault(409, "NeutronError", "RouterInterfaceInUseByRoute");
    }
}
