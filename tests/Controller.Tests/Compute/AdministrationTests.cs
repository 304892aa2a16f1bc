using System.Text.Json.Nodes;
using Appliance.Controller.Compute.Hosts;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Tests.Compute;

/// <summary>What administrators see and decide: hosts, quotas, groups, actions, usage.</summary>
public class AdministrationTests
{
    private const string Root = "/compute/v2.1";

    [Fact]
    public async Task A_disabled_service_gets_no_servers_and_says_why()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        (await cloud.PutAsync(Root + "/os-services/disable-log-reason", """
            {"host": "n1", "binary": "nova-compute", "disabled_reason": "new fan"}
            """)).ShouldBe(200);
        var service = (await cloud.GetAsync(Root + "/os-services?binary=nova-compute")).Json["services"]![0]!;
        Assert.Equal("disabled", (string?)service["status"]);
        Assert.Equal("up", (string?)service["state"]);
        var server = await cloud.ServerInAsync(await cloud.CreateServerAsync(), "ERROR");
        Assert.Equal("n1: is disabled: new fan", (string?)server["fault"]!["details"]);
        (await cloud.PutAsync(Root + "/os-services/enable", """{"host": "n1", "binary": "nova-scheduler"}""")).ShouldBeFault(400, "badRequest", "Only nova-compute");
        (await cloud.PutAsync(Root + "/os-services/enable", """{"host": "n2", "binary": "nova-compute"}""")).ShouldBe(404);
        (await cloud.PutAsync(Root + "/os-services/enable", """{"host": "n1", "binary": "nova-compute"}""")).ShouldBe(200);
        await cloud.ServerInAsync(await cloud.CreateServerAsync(), "ACTIVE");
    }

    [Fact]
    public async Task An_aggregate_makes_a_zone_that_servers_ask_for()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var near = await ScriptedNode.JoinAsync(cloud, "near");
        await using var far = await ScriptedNode.JoinAsync(cloud, "far");
        var aggregate = (await cloud.PostAsync(Root + "/os-aggregates", """{"aggregate": {"name": "a", "availability_zone": "moon"}}"""))
            .ShouldBe(200).Json["aggregate"]!;
        var path = $"{Root}/os-aggregates/{aggregate["id"]}";
        (await cloud.GetAsync(Root + "/os-aggregates/-1")).ShouldBeFault(404, "itemNotFound", "Aggregate -1 could not be found.");
        (await cloud.DeleteAsync(Root + "/os-aggregates/x")).ShouldBeFault(400, "badRequest", "id must be an integer");
        (await cloud.PostAsync(path + "/action", """{"add_host": {"host": "nobody"}}""")).ShouldBe(404);
        (await cloud.PostAsync(path + "/action", """{"add_host": {"host": "far"}}""")).ShouldBe(200);
        (await cloud.PostAsync(path + "/action", """{"add_host": {"host": "far"}}""")).ShouldBe(409);
        (await cloud.DeleteAsync(path)).ShouldBeFault(400, "badRequest", "Host aggregate is not empty.");

        var zones = (await cloud.GetAsync(Root + "/os-availability-zone")).Json["availabilityZoneInfo"]!.AsArray();
        Assert.Equal(["moon", "nova"], zones.Select(static zone => (string)zone!["zoneName"]!));
        var server = await cloud.ServerInAsync(await cloud.CreateServerAsync(further: """, "availability_zone": "moon" """), "ACTIVE");
        Assert.Equal("far", (string?)server["OS-EXT-SRV-ATTR:host"]);
        server = await cloud.ServerInAsync(await cloud.CreateServerAsync(further: """, "availability_zone": "nova:near" """), "ACTIVE");
        Assert.Equal("near", (string?)server["OS-EXT-SRV-ATTR:host"]);

        (await cloud.PostAsync(path + "/action", """{"set_metadata": {"metadata": {"k": "v"}}}""")).ShouldBe(200);
        Assert.Equal("v", (string?)(await cloud.GetAsync(path)).Json["aggregate"]!["metadata"]!["k"]);
        (await cloud.PostAsync(path + "/action", """{"remove_host": {"host": "far"}}""")).ShouldBe(200);
        (await cloud.DeleteAsync(path)).ShouldBe(200);
        (await cloud.GetAsync(path)).ShouldBe(404);
    }

    [Fact]
    public async Task A_group_keeps_servers_apart_or_together()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var one = await ScriptedNode.JoinAsync(cloud, "one");
        await using var two = await ScriptedNode.JoinAsync(cloud, "two");
        var apart = await NewGroupAsync(cloud, "anti-affinity");
        var together = await NewGroupAsync(cloud, "affinity");
        var image = await cloud.UploadImageAsync();
        var hosts = new List<string>();
        foreach (var group in new[] { apart, apart, together, together })
        {
            var created = await cloud.PostAsync(ServerPaths.Servers, $$$"""
                {"server": {"name": "g", "imageRef": "{{{image}}}", "flavorRef": "1"}, "os:scheduler_hints": {"group": "{{{group}}}"} }
                """);
            var server = await cloud.ServerInAsync((string)created.ShouldBe(202).Json["server"]!["id"]!, "ACTIVE");
            hosts.Add((string)server["OS-EXT-SRV-ATTR:host"]!);
        }

        Assert.NotEqual(hosts[0], hosts[1]);
        Assert.Equal(hosts[2], hosts[3]);
        Assert.Equal(2, (await cloud.GetAsync($"{Root}/os-server-groups/{apart}")).Json["server_group"]!["members"]!.AsArray().Count);
        (await cloud.DeleteAsync($"{Root}/os-server-groups/{apart}")).ShouldBe(204);
        (await cloud.GetAsync($"{Root}/os-server-groups/{apart}")).ShouldBe(404);
    }

    [Fact]
    public async Task The_uptime_of_a_hypervisor_is_what_its_node_says_now()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var id = (int)(await cloud.GetAsync(Root + "/os-hypervisors")).Json["hypervisors"]![0]!["id"]!;
        var hypervisor = (await cloud.GetAsync($"{Root}/os-hypervisors/{id}/uptime")).ShouldBe(200).Json["hypervisor"]!;
        Assert.Equal("n1", (string?)hypervisor["hypervisor_hostname"]);
        Assert.Equal("up", (string?)hypervisor["state"]);
        // As the openstack client takes it apart.
        Assert.Matches(@"^\s*(.+)\sup\s+(.+),\s+(.+)\susers?,\s+load average:\s(.+)$", (string)hypervisor["uptime"]!);

        (await cloud.GetAsync($"{Root}/os-hypervisors/999/uptime")).ShouldBeFault(404, "itemNotFound", "Hypervisor with ID '999' could not be found.");
        await node.DisconnectAsync();
        await Eventually.TrueAsync(async () => (await cloud.GetAsync($"{Root}/os-hypervisors/{id}/uptime")).Status == 400, "the node is down");
        (await cloud.GetAsync($"{Root}/os-hypervisors/{id}/uptime"))
            .ShouldBeFault(400, "badRequest", "Compute service of n1 is unavailable at this time.");
        node.Reconnect();
    }

    [Theory]
    [InlineData(59, 1, " 08:32:11 up 0 min,  1 user,  load average: 0.20, 0.12, 1.00")]
    [InlineData(3660, 0, " 08:32:11 up  1:01,  0 users,  load average: 0.20, 0.12, 1.00")]
    [InlineData(8_101_500, 12, " 08:32:11 up 93 days, 18:25,  12 users,  load average: 0.20, 0.12, 1.00")]
    public void Uptime_reads_as_the_tool_prints_it(double seconds, int users, string expected) => Assert.Equal(expected,
        UptimeText.Of(new HostUptimeResult(seconds, users, [0.2, 0.12, 1]), new DateTimeOffset(2026, 1, 2, 8, 32, 11, TimeSpan.Zero)));

    [Fact]
    public async Task The_default_quota_class_is_what_projects_have_that_were_given_nothing_else()
    {
        await using var cloud = await TestCloud.StartAsync();
        const string Class = $"{Root}/os-quota-class-sets/default";
        var before = (await cloud.GetAsync(Class)).ShouldBe(200).Json["quota_class_set"]!;
        Assert.Equal("default", (string?)before["id"]);
        Assert.Equal(10, (int)before["instances"]!);
        Assert.Null(before["server_groups"]);

        var after = (await cloud.PutAsync(Class, """{"quota_class_set": {"instances": 20, "ram": "-1"}}""")).ShouldBe(200).Json["quota_class_set"]!;
        Assert.Equal(20, (int)after["instances"]!);
        Assert.Equal(-1, (int)after["ram"]!);
        Assert.Equal(20, (int)after["cores"]!);
        Assert.Null(after["id"]);

        var project = (string)(await cloud.GetAsync("/identity/v3/auth/projects")).Json["projects"]![0]!["id"]!;
        var quota = $"{Root}/os-quota-sets/{project}";
        Assert.Equal(20, (int)(await cloud.GetAsync(quota)).Json["quota_set"]!["instances"]!);
        Assert.Equal(20, (int)(await cloud.GetAsync(quota + "/defaults")).Json["quota_set"]!["instances"]!);
        (await cloud.PutAsync(quota, """{"quota_set": {"instances": 7}}""")).ShouldBe(200);
        Assert.Equal(7, (int)(await cloud.GetAsync(quota)).Json["quota_set"]!["instances"]!);

        // Another class is kept and applies to nobody.
        (await cloud.PutAsync($"{Root}/os-quota-class-sets/gold", """{"quota_class_set": {"cores": 99}}""")).ShouldBe(200);
        Assert.Equal(99, (int)(await cloud.GetAsync($"{Root}/os-quota-class-sets/gold")).Json["quota_class_set"]!["cores"]!);
        Assert.Equal(20, (int)(await cloud.GetAsync(quota)).Json["quota_set"]!["cores"]!);

        (await cloud.PutAsync(Class, """{"quota_class_set": {"instances": -2}}""")).ShouldBeFault(400, "badRequest", "-2 is less than the minimum of -1");
        (await cloud.PutAsync(Class, """{"quota_class_set": {"instances": "9999999999999999999999999999999999999999"}}"""))
            .ShouldBeFault(400, "badRequest", "is greater than the maximum of 2147483647");
        (await cloud.PutAsync(Class, """{"quota_class_set": {"force": true}}""")).ShouldBeFault(400, "badRequest", "Additional properties are not allowed");
    }

    [Fact]
    public async Task A_quota_is_set_counted_and_reset()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var id = await cloud.CreateServerAsync();
        var project = (string)(await cloud.ServerInAsync(id, "ACTIVE"))["tenant_id"]!;
        var quota = $"{Root}/os-quota-sets/{project}";
        (await cloud.PutAsync(quota, """{"quota_set": {"instances": 0}}""")).ShouldBeFault(400, "badRequest", "must be greater than or equal to already used");
        Assert.Equal(1, (int)(await cloud.PutAsync(quota, """{"quota_set": {"instances": "1", "cores": -1}}""")).ShouldBe(200).Json["quota_set"]!["instances"]!);
        var detail = (await cloud.GetAsync(quota + "/detail")).ShouldBe(200).Json["quota_set"]!;
        Assert.Equal(1, (int)detail["instances"]!["in_use"]!);
        Assert.Equal(512, (int)detail["ram"]!["in_use"]!);
        var image = await cloud.UploadImageAsync();
        (await cloud.PostAsync(ServerPaths.Servers, $$$"""{"server": {"name": "a", "imageRef": "{{{image}}}", "flavorRef": "1"} }"""))
            .ShouldBeFault(403, "forbidden", "Quota exceeded for instances: Requested 1, but already used 1 of 1 instances");
        Assert.Equal(1, (int)(await cloud.GetAsync(Root + "/limits")).Json["limits"]!["absolute"]!["totalInstancesUsed"]!);
        (await cloud.DeleteAsync(quota)).ShouldBe(202);
        Assert.Equal(10, (int)(await cloud.GetAsync(quota)).Json["quota_set"]!["instances"]!);
        (await cloud.GetAsync($"{Root}/os-quota-sets/nowhere")).ShouldBeFault(400, "badRequest", "is not a valid project");
    }

    [Fact]
    public async Task Actions_and_their_events_are_read_from_the_change_log()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var id = await cloud.CreateServerAsync();
        await cloud.ServerInAsync(id, "ACTIVE");
        var request = (await cloud.ActAsync(id, """{"os-stop": null}""", 202)).Headers["X-Compute-Request-Id"];
        await cloud.ServerInAsync(id, "SHUTOFF");
        var actions = (await cloud.GetAsync($"{ServerPaths.Servers}/{id}/os-instance-actions")).ShouldBe(200).Json["instanceActions"]!.AsArray();
        Assert.Equal(["stop", "create"], actions.Select(static action => (string)action!["action"]!));
        var stop = (await cloud.GetAsync($"{ServerPaths.Servers}/{id}/os-instance-actions/{request}")).ShouldBe(200).Json["instanceAction"]!;
        Assert.Equal("compute_stop_instance", (string?)stop["events"]![0]!["event"]);
        Assert.Equal("Success", (string?)stop["events"]![0]!["result"]);
        (await cloud.GetAsync($"{ServerPaths.Servers}/{id}/os-instance-actions/req-x")).ShouldBeFault(404, "itemNotFound", "Action req-x not found");
    }

    [Fact]
    public async Task Hypervisors_show_what_is_used()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        await cloud.ServerInAsync(await cloud.CreateServerAsync(), "ACTIVE");
        var hypervisor = (await cloud.GetAsync(Root + "/os-hypervisors/detail")).Json["hypervisors"]![0]!;
        Assert.Equal(1, (int)hypervisor["vcpus_used"]!);
        Assert.Equal(1024, (int)hypervisor["memory_mb_used"]!);
        Assert.Equal(1, (int)hypervisor["running_vms"]!);
        Assert.Equal("x86_64", (string?)JsonNode.Parse((string)hypervisor["cpu_info"]!)!["arch"]);
        Assert.Equal(1, (int)(await cloud.GetAsync(Root + "/os-hypervisors/statistics")).Json["hypervisor_statistics"]!["count"]!);
        Assert.Single((await cloud.GetAsync(Root + "/os-hypervisors/n1/servers")).Json["hypervisors"]![0]!["servers"]!.AsArray());
        (await cloud.GetAsync(Root + "/os-hypervisors/99")).ShouldBe(404);
        var usage = (await cloud.GetAsync(Root + "/os-simple-tenant-usage?detailed=1&start=2020-01-01T00:00:00")).ShouldBe(200);
        Assert.Equal("m1.tiny", (string?)usage.Json["tenant_usages"]![0]!["server_usages"]![0]!["flavor"]);
    }

    private static async Task<string> NewGroupAsync(TestCloud cloud, string policy) =>
        (string)(await cloud.PostAsync(Root + "/os-server-groups", $$$"""{"server_group": {"name": "g", "policies": ["{{{policy}}}"]} }"""))
            .ShouldBe(200).Json["server_group"]!["id"]!;
}
