using Appliance.Controller.Tests.Compute;

namespace Appliance.Controller.Tests.Placement;

public class PlacementTests
{
    private const string Providers = "/placement/resource_providers";

    [Fact]
    public async Task A_provider_is_made_filled_used_and_emptied()
    {
        await using var cloud = await TestCloud.StartAsync();
        var created = (await SendAsync(cloud, HttpMethod.Post, Providers, """{"name": "rack"}""")).ShouldBe(200).Json;
        var id = (string)created["uuid"]!;
        Assert.Equal(0, (int)created["generation"]!);
        Assert.Equal(id, (string?)created["root_provider_uuid"]);
        (await SendAsync(cloud, HttpMethod.Post, Providers, """{"name": "rack"}""")).ShouldBeCode(409, "placement.duplicate_name");

        var inventories = $"{Providers}/{id}/inventories";
        (await SendAsync(cloud, HttpMethod.Put, inventories, """
            {"resource_provider_generation": 7, "inventories": {"VCPU": {"total": 4} } }
            """)).ShouldBeCode(409, "placement.concurrent_update");
        var filled = (await SendAsync(cloud, HttpMethod.Put, inventories, """
            {"resource_provider_generation": 0, "inventories": {"VCPU": {"total": 4, "allocation_ratio": 2.0}, "MEMORY_MB": {"total": 1024, "reserved": 24} } }
            """)).ShouldBe(200).Json;
        Assert.Equal(1, (int)filled["resource_provider_generation"]!);
        Assert.Equal(2147483647, (int)filled["inventories"]!["VCPU"]!["max_unit"]!);

        var candidates = (await SendAsync(cloud, HttpMethod.Get, "/placement/allocation_candidates?resources=VCPU:8,MEMORY_MB:1000")).ShouldBe(200).Json;
        Assert.Equal(8, (int)candidates["allocation_requests"]![0]!["allocations"]![id]!["resources"]!["VCPU"]!);
        Assert.Equal(1000, (int)candidates["provider_summaries"]![id]!["resources"]!["MEMORY_MB"]!["capacity"]!);
        Assert.Empty((await SendAsync(cloud, HttpMethod.Get, "/placement/allocation_candidates?resources=VCPU:9")).Json["allocation_requests"]!.AsArray());

        var consumer = Guid.NewGuid().ToString();
        var allocation = $"/placement/allocations/{consumer}";
        var body = $$$"""
            {"allocations": {"{{{id}}}": {"resources": {"VCPU": 3} } }, "project_id": "p", "user_id": "u", "consumer_generation": null, "consumer_type": "X"}
            """;
        (await SendAsync(cloud, HttpMethod.Put, allocation, body)).ShouldBe(204);
        (await SendAsync(cloud, HttpMethod.Put, $"/placement/allocations/{Guid.NewGuid()}", body.Replace("\"VCPU\": 3", "\"VCPU\": 6", StringComparison.Ordinal)))
            .ShouldBe(409);
        Assert.Equal("p", (string?)(await SendAsync(cloud, HttpMethod.Get, allocation)).Json["project_id"]);
        Assert.Equal(3, (int)(await SendAsync(cloud, HttpMethod.Get, $"{Providers}/{id}/usages")).Json["usages"]!["VCPU"]!);
        Assert.Equal(3, (int)(await SendAsync(cloud, HttpMethod.Get, "/placement/usages?project_id=p&user_id=u")).Json["usages"]!["X"]!["VCPU"]!);
        Assert.NotNull((await SendAsync(cloud, HttpMethod.Get, $"{Providers}/{id}/allocations")).Json["allocations"]![consumer]);
        (await SendAsync(cloud, HttpMethod.Delete, $"{inventories}/VCPU")).ShouldBe(409);
        (await SendAsync(cloud, HttpMethod.Delete, $"{Providers}/{id}")).ShouldBeCode(409, "placement.resource_provider.inuse");

        (await SendAsync(cloud, HttpMethod.Delete, allocation)).ShouldBe(204);
        (await SendAsync(cloud, HttpMethod.Delete, allocation)).ShouldBe(404);
        (await SendAsync(cloud, HttpMethod.Delete, inventories)).ShouldBe(204);
        (await SendAsync(cloud, HttpMethod.Delete, $"{Providers}/{id}")).ShouldBe(204);
        (await SendAsync(cloud, HttpMethod.Get, $"{Providers}/{id}")).ShouldBeCode(404, "placement.undefined_code");
    }

    [Fact]
    public async Task Traits_classes_and_aggregates_are_named_by_administrators()
    {
        await using var cloud = await TestCloud.StartAsync();
        var id = (string)(await SendAsync(cloud, HttpMethod.Post, Providers, """{"name": "rack"}""")).Json["uuid"]!;
        (await SendAsync(cloud, HttpMethod.Put, "/placement/traits/CUSTOM_FAST")).ShouldBe(201);
        (await SendAsync(cloud, HttpMethod.Put, "/placement/traits/CUSTOM_FAST")).ShouldBe(204);
        (await SendAsync(cloud, HttpMethod.Put, "/placement/traits/FAST")).ShouldBe(400);
        (await SendAsync(cloud, HttpMethod.Get, "/placement/traits/HW_CPU_X86_AVX2")).ShouldBe(204);
        (await SendAsync(cloud, HttpMethod.Put, $"{Providers}/{id}/traits", """{"traits": ["CUSTOM_SLOW"], "resource_provider_generation": 0}""")).ShouldBe(400);
        (await SendAsync(cloud, HttpMethod.Put, $"{Providers}/{id}/traits", """{"traits": ["CUSTOM_FAST"], "resource_provider_generation": 0}""")).ShouldBe(200);
        (await SendAsync(cloud, HttpMethod.Delete, "/placement/traits/CUSTOM_FAST")).ShouldBe(409);
        Assert.Single((await SendAsync(cloud, HttpMethod.Get, Providers + "?required=CUSTOM_FAST")).Json["resource_providers"]!.AsArray());
        Assert.Empty((await SendAsync(cloud, HttpMethod.Get, Providers + "?required=!CUSTOM_FAST")).Json["resource_providers"]!.AsArray());

        (await SendAsync(cloud, HttpMethod.Put, "/placement/resource_classes/CUSTOM_GOLD")).ShouldBe(201);
        (await SendAsync(cloud, HttpMethod.Delete, "/placement/resource_classes/VCPU")).ShouldBe(400);
        (await SendAsync(cloud, HttpMethod.Delete, "/placement/resource_classes/CUSTOM_GOLD")).ShouldBe(204);

        var aggregate = Guid.NewGuid().ToString();
        (await SendAsync(cloud, HttpMethod.Put, $"{Providers}/{id}/aggregates", $$$"""{"aggregates": ["{{{aggregate}}}"], "resource_provider_generation": 1}"""))
            .ShouldBe(200);
        Assert.Single((await SendAsync(cloud, HttpMethod.Get, $"{Providers}?member_of=in:{aggregate},{Guid.NewGuid()}")).Json["resource_providers"]!.AsArray());
    }

    [Fact]
    public async Task A_node_is_a_provider_whose_ratios_belong_to_the_administrator()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var inventory = $"{Providers}/{node.Id}/inventories/MEMORY_MB";
        var memory = (await SendAsync(cloud, HttpMethod.Get, inventory)).ShouldBe(200).Json;
        Assert.Equal(8192, (int)memory["total"]!);
        Assert.Equal(512, (int)memory["reserved"]!);
        (await SendAsync(cloud, HttpMethod.Put, inventory, $$$"""
            {"resource_provider_generation": {{{memory["resource_provider_generation"]}}}, "total": 8192, "reserved": 512, "allocation_ratio": 1.5}
            """)).ShouldBe(200);
        var server = await cloud.CreateServerAsync();
        await cloud.ServerInAsync(server, "ACTIVE");
        var held = (await SendAsync(cloud, HttpMethod.Get, $"/placement/allocations/{server}")).Json["allocations"]![node.Id]!["resources"]!;
        Assert.Equal(512, (int)held["MEMORY_MB"]!);
        Assert.Equal("1.5", (await SendAsync(cloud, HttpMethod.Get, inventory)).Json["allocation_ratio"]!.ToJsonString());
    }

    [Fact]
    public async Task Old_versions_know_less_and_say_so()
    {
        await using var cloud = await TestCloud.StartAsync();
        var document = (await cloud.GetAsync("/placement", token: "")).ShouldBe(200).Json["versions"]![0]!;
        Assert.Equal("""{"id":"v1.0","max_version":"1.39","min_version":"1.0","status":"CURRENT","links":[{"rel":"self","href":""}]}""", document.ToJsonString());
        (await cloud.GetAsync("/placement/traits")).ShouldBe(404);
        var error = (await cloud.GetAsync(Providers + "?resources=VCPU:1")).ShouldBe(400).Json["errors"]![0]!;
        Assert.Null(error["code"]);
        (await cloud.PlacementAsync("/resource_providers?resources=VCPU")).ShouldBeCode(400, "placement.undefined_code");
        foreach (var path in (string[])["", "/resource_providers"])
        {
            var refused = (await cloud.PlacementAsync(path, "1.40")).ShouldBe(406).Json["errors"]![0]!;
            Assert.Equal(("1.0", "1.39"), ((string?)refused["min_version"], (string?)refused["max_version"]));
            Assert.Contains("Unacceptable version header: 1.40", (string?)refused["detail"], StringComparison.Ordinal);
        }

        Assert.Equal("no-cache", (await cloud.PlacementAsync("/resource_providers", "1.15")).Headers["Cache-Control"]);
        Assert.False((await cloud.PlacementAsync("/resource_providers", "1.14")).Headers.ContainsKey("Last-Modified"));
    }

    [Fact]
    public async Task A_server_holds_what_others_then_cannot_have()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var names = new Dictionary<string, string> { [node.Id] = "n1" };
        Assert.Equal(["n1:MEMORY_MB=7500"], await cloud.CandidatesAsync("resources=MEMORY_MB:7500", names));
        var server = await cloud.CreateServerAsync();
        await cloud.ServerInAsync(server, "ACTIVE");
        Assert.Empty(await cloud.CandidatesAsync("resources=MEMORY_MB:7500", names));
        var held = (await cloud.PlacementAsync($"/allocations/{server}")).ShouldBe(200).Json;
        Assert.Equal("INSTANCE", (string?)held["consumer_type"]);
        Assert.Equal(1, (int)held["consumer_generation"]!);
        Assert.Equal(512, (int)(await cloud.PlacementAsync($"/usages?project_id={held["project_id"]}")).Json["usages"]!["INSTANCE"]!["MEMORY_MB"]!);

        // And what others hold by this API no server gets.
        (await cloud.AllocateAsync(Guid.NewGuid().ToString(), node.Id, "MEMORY_MB:7168", type: "BAREMETAL")).ShouldBe(204);
        await cloud.ServerInAsync(await cloud.CreateServerAsync(), "ERROR");
        (await cloud.DeleteAsync($"/compute/v2.1/servers/{server}")).ShouldBe(204);
        await Eventually.TrueAsync(async () => (await cloud.PlacementAsync($"/allocations/{server}")).Json["allocations"]!.AsObject().Count == 0, "the deleted server holds nothing");
    }

    [Fact]
    public async Task A_node_joins_although_a_provider_has_its_name()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.MakeProviderAsync("n1");
        await using var node = await ScriptedNode.JoinAsync(cloud);
        Assert.Equal($"n1 {node.Id}", (string?)(await cloud.PlacementAsync($"/resource_providers/{node.Id}")).ShouldBe(200).Json["name"]);
    }

    private static Task<TestAnswer> SendAsync(TestCloud cloud, HttpMethod method, string path, string? json = null) =>
        cloud.PlacementAsync(method, path["/placement".Length..], json);
}

internal static class PlacementAnswers
{
    public static void ShouldBeCode(this TestAnswer answer, int status, string code) =>
        Assert.Equal(code, (string?)answer.ShouldBe(status).Json["errors"]![0]!["code"]);
}
