using Appliance.Controller.Tests.Link;
using Appliance.Protocol;

namespace Appliance.Controller.Tests.Networking;

public sealed class ProjectionTests
{
    [Fact]
    public async Task A_bound_port_brings_its_network_and_rules_to_its_node_and_its_neighbours_hear_of_it()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var first = await TestNode.JoinAsync(cloud, "n1");
        await using var second = await TestNode.JoinAsync(cloud, "n2");
        await AllUpAsync(cloud, 2);
        var network = await cloud.CreateNetworkAsync("10.5.0.0/24");
        var one = await cloud.CreatePortAsync(network, Bound("n1", "server-1"));
        await Eventually.TrueAsync(() => first.Documents.Snapshot().Ports.Count == 1, "the port on its node");

        var held = first.Documents.Snapshot();
        Assert.Equal(network, held.Networks.Single().Document.Id);
        Assert.Equal("10.5.0.0/24", held.Networks.Single().Document.Subnets.Single().Cidr);
        Assert.Equal(4, held.SecurityGroups.Single().Document.Rules.Count);
        Assert.Equal([(string)one["fixed_ips"]![0]!["ip_address"]!], held.AddressSets.Single().Document.Addresses);
        Assert.Empty(second.Documents.Snapshot().Networks);

        var two = await cloud.CreatePortAsync(network, Bound("n2", "server-2"));
        await Eventually.TrueAsync(() => Neighbors(first) == (string)two["id"]! && Neighbors(second) == (string)one["id"]!, "each other's neighbours");
        await Eventually.TrueAsync(() => first.Documents.Snapshot().AddressSets.Single().Document.Addresses.Count == 2, "both in the group");

        (await cloud.DeleteAsync($"/network/v2.0/ports/{(string)one["id"]!}")).ShouldBe(204);
        await Eventually.TrueAsync(() => IsEmpty(first) && Neighbors(second) is null, "nothing left on the first node");
        (await cloud.DeleteAsync($"/network/v2.0/ports/{(string)two["id"]!}")).ShouldBe(204);
        await Eventually.TrueAsync(() => IsEmpty(second), "nothing left on the second node");
    }

    [Fact]
    public async Task A_router_is_hosted_on_a_node_that_reaches_the_outside_with_its_gateway_and_floating_addresses()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await TestNode.JoinAsync(cloud, "n1");
        await AllUpAsync(cloud, 1);
        var external = await cloud.CreateNetworkAsync("203.0.113.0/24", """
            "router:external": true, "provider:network_type": "flat", "provider:physical_network": "public"
            """);
        var network = await cloud.CreateNetworkAsync("10.5.0.0/24");
        var subnet = (string)(await cloud.GetAsync($"/network/v2.0/subnets?network_id={network}")).Json["subnets"]![0]!["id"]!;
        var router = await cloud.CreateRouterAsync(external);
        (await cloud.PutAsync($"/network/v2.0/routers/{router}/add_router_interface", $$$"""{"subnet_id": "{{{subnet}}}"}""")).ShouldBe(200);
        var port = await cloud.CreatePortAsync(network, Bound("n1", "server-1"));
        var floating = (await cloud.PostAsync("/network/v2.0/floatingips", $$$"""
            {"floatingip": {"floating_network_id": "{{{external}}}", "port_id": "{{{(string)port["id"]!}}}"}}
            """)).ShouldBe(201).Json["floatingip"]!;

        await Eventually.TrueAsync(() => node.Documents.Snapshot().Routers.SingleOrDefault()?.Document.FloatingIps.Count == 1, "the router with its floating IP");
        var held = node.Documents.Snapshot();
        var hosted = held.Routers.Single().Document;
        Assert.Equal(["203.0.113.1"], hosted.Gateway!.GatewayIps);
        Assert.Equal(["10.5.0.1/24"], hosted.Interfaces.Single().Addresses);
        Assert.Equal((string)floating["floating_ip_address"]!, hosted.FloatingIps.Single().FloatingIpAddress);
        var inside = held.Networks.Single(item => item.Document.Id == network).Document;
        Assert.Equal(hosted.Interfaces.Single().MacAddress, inside.Subnets.Single().GatewayMac);
        Assert.Equal("flat", held.Networks.Single(item => item.Document.Id == external).Document.Type);
        await Eventually.TrueAsync(
            () => node.Documents.Snapshot().Ports.Single().Document.FloatingIpAddress == (string)floating["floating_ip_address"]!, "the port's outside address");

        await ReportAsync(cloud, node, DocumentKinds.Router, router, "active");
        await ReportAsync(cloud, node, DocumentKinds.Port, (string)port["id"]!, "active");
        Assert.Equal("ACTIVE", (string)(await cloud.GetAsync($"/network/v2.0/floatingips/{(string)floating["id"]!}")).Json["floatingip"]!["status"]!);
        Assert.Equal("ACTIVE", (string)(await cloud.GetAsync($"/network/v2.0/ports/{(string)port["id"]!}")).Json["port"]!["status"]!);
    }

    private static string Bound(string host, string server) =>
        $$$""" "binding:host_id": "{{{host}}}", "device_owner": "compute:nova", "device_id": "{{{server}}}" """;

    private static string? Neighbors(TestNode node) => node.Documents.Snapshot().Neighbors.SingleOrDefault()?.Document.Id;

    private static bool IsEmpty(TestNode node) => node.Documents.Snapshot() is
    { Ports.Count: 0, Networks.Count: 0, Neighbors.Count: 0, SecurityGroups.Count: 0, AddressSets.Count: 0 };

    private static Task AllUpAsync(TestCloud cloud, int count) =>
        Eventually.TrueAsync(() => cloud.Host.Services.Link.Nodes.All.Count(static node => node.IsUp && node.Report is not null) == count, "the nodes are up");

    private static Task ReportAsync(TestCloud cloud, TestNode node, string kind, string id, string state) =>
        cloud.Host.Platform.Database.WriteAsync((tx, ct) => cloud.Host.Services.Networking.Statuses.OnStatusAsync(
            tx, node.Id, [new ObjectStatus(kind, id, 1, state, null, null)], [], ct), CancellationToken.None);
}
