using System.Text.Json.Nodes;
using Appliance.Controller.Data;

namespace Appliance.Controller.Tests.Placement;

public class AllocationTests
{
    [Fact]
    public async Task Who_writes_allocations_names_the_generation_he_has_seen()
    {
        await using var cloud = await TestCloud.StartAsync();
        var provider = await cloud.MakeProviderAsync("rack", "VCPU:8");
        var consumer = Guid.NewGuid().ToString();
        (await cloud.AllocateAsync(consumer, provider, "VCPU:2", generation: 5))
            .ShouldBeError(409, "consumer generation conflict - expected null but got 5", "placement.concurrent_update");
        (await cloud.AllocateAsync(consumer, provider, "VCPU:2")).ShouldBe(204);
        (await cloud.AllocateAsync(consumer, provider, "VCPU:3"))
            .ShouldBeError(409, "consumer generation conflict - expected 1 but got None", "placement.concurrent_update");
        (await cloud.AllocateAsync(consumer, provider, "VCPU:3", generation: 1)).ShouldBe(204);

        var shown = (await cloud.PlacementAsync($"/allocations/{consumer}")).ShouldBe(200).Json;
        Assert.Equal(2, (int)shown["consumer_generation"]!);
        Assert.Equal("INSTANCE", (string?)shown["consumer_type"]);
        Assert.Equal(3, (int)shown["allocations"]![provider]!["resources"]!["VCPU"]!);
        Assert.Equal(2, (int)(await cloud.PlacementAsync($"/resource_providers/{provider}/allocations")).Json["allocations"]![consumer]!["consumer_generation"]!);
        Assert.Null((await cloud.PlacementAsync($"/allocations/{consumer}", "1.27")).Json["consumer_generation"]);
        Assert.Null((await cloud.PlacementAsync($"/allocations/{consumer}", "1.37")).Json["consumer_type"]);

        // An empty object takes all away, and the consumer with it.
        (await cloud.PlacementAsync(HttpMethod.Put, $"/allocations/{consumer}", """
            {"allocations": {}, "project_id": "p", "user_id": "u", "consumer_generation": 2, "consumer_type": "INSTANCE"}
            """)).ShouldBe(204);
        Assert.Equal("""{"allocations":{}}""", (await cloud.PlacementAsync($"/allocations/{consumer}")).Text);
        (await cloud.AllocateAsync(consumer, provider, "VCPU:1")).ShouldBe(204);
    }

    [Fact]
    public async Task What_does_not_fit_is_refused_whole()
    {
        await using var cloud = await TestCloud.StartAsync();
        var provider = await cloud.MakeProviderAsync("rack", "VCPU:8");
        (await cloud.PlacementAsync(HttpMethod.Post, $"/resource_providers/{provider}/inventories", """
            {"resource_class": "DISK_GB", "total": 100, "min_unit": 10, "step_size": 10}
            """)).ShouldBe(201);
        var consumer = Guid.NewGuid().ToString();
        (await cloud.AllocateAsync(consumer, provider, "VCPU:9")).ShouldBeError(409,
            $"Unable to allocate inventory: Unable to create allocation for 'VCPU' on resource provider '{provider}'. The requested amount would exceed the capacity.");
        (await cloud.AllocateAsync(consumer, provider, "DISK_GB:15")).ShouldBeError(409, "would violate inventory constraints");
        (await cloud.AllocateAsync(consumer, provider, "MEMORY_MB:1")).ShouldBeError(409, $"Inventory for 'MEMORY_MB' on resource provider '{provider}' invalid.");
        (await cloud.AllocateAsync(consumer, provider, "CUSTOM_NO:1")).ShouldBeError(400,
            $"Unable to allocate inventory for consumer {consumer}: No such resource class CUSTOM_NO.");
        var nobody = Guid.NewGuid().ToString();
        (await cloud.AllocateAsync(consumer, nobody, "VCPU:1")).ShouldBeError(400, $"Allocation for resource provider '{nobody}' that does not exist.");
        (await cloud.AllocateAsync("consumer", provider, "VCPU:1")).ShouldBeError(400, "Malformed consumer_uuid: consumer");
        Assert.Equal("""{"allocations":{}}""", (await cloud.PlacementAsync($"/allocations/{consumer}")).Text);
        (await cloud.PlacementAsync(HttpMethod.Delete, $"/allocations/{consumer}")).ShouldBeError(404, $"No allocations for consumer '{consumer}'");
    }

    [Fact]
    public async Task A_shrunken_inventory_lets_its_consumers_only_give_back()
    {
        await using var cloud = await TestCloud.StartAsync();
        var provider = await cloud.MakeProviderAsync("rack", "VCPU:8");
        var consumer = Guid.NewGuid().ToString();
        (await cloud.AllocateAsync(consumer, provider, "VCPU:8")).ShouldBe(204);
        (await cloud.PlacementAsync(HttpMethod.Put, $"/resource_providers/{provider}/inventories/VCPU",
            $$"""{"resource_provider_generation": {{await cloud.GenerationAsync(provider)}}, "total": 4}""")).ShouldBe(200);
        (await cloud.AllocateAsync(Guid.NewGuid().ToString(), provider, "VCPU:1")).ShouldBe(409);
        (await cloud.AllocateAsync(consumer, provider, "VCPU:6", generation: 1)).ShouldBe(204);
        (await cloud.AllocateAsync(consumer, provider, "VCPU:7", generation: 2)).ShouldBe(409);
    }

    [Fact]
    public async Task Consumers_trade_places_in_one_request()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (first, second) = (await cloud.MakeProviderAsync("first", "VCPU:4"), await cloud.MakeProviderAsync("second", "VCPU:4"));
        var (server, migration) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        (await cloud.AllocateAsync(server, first, "VCPU:4")).ShouldBe(204);
        var trade = $$"""
            {"{{server}}": {"allocations": {"{{second}}": {"resources": {"VCPU": 4} } }, "project_id": "p", "user_id": "u",
                            "consumer_generation": 1, "consumer_type": "INSTANCE"},
             "{{migration}}": {"allocations": {"{{first}}": {"resources": {"VCPU": 4} } }, "project_id": "p", "user_id": "u",
                               "consumer_generation": GENERATION, "consumer_type": "MIGRATION"} }
            """;
        (await cloud.PlacementAsync(HttpMethod.Post, "/allocations", trade.Replace("GENERATION", "7", StringComparison.Ordinal))).ShouldBe(409);
        Assert.NotNull((await cloud.PlacementAsync($"/allocations/{server}")).Json["allocations"]![first]);
        (await cloud.PlacementAsync(HttpMethod.Post, "/allocations", trade.Replace("GENERATION", "null", StringComparison.Ordinal))).ShouldBe(204);
        Assert.NotNull((await cloud.PlacementAsync($"/allocations/{server}")).Json["allocations"]![second]);
        Assert.NotNull((await cloud.PlacementAsync($"/allocations/{migration}")).Json["allocations"]![first]);
        (await cloud.PlacementAsync(HttpMethod.Post, "/allocations", "{}")).ShouldBeError(400, "{} does not have enough properties");
        (await cloud.PlacementAsync(HttpMethod.Post, "/allocations", "{}", "1.12")).ShouldBe(404);
    }

    [Fact]
    public async Task Use_is_summed_by_type_of_consumer()
    {
        await using var cloud = await TestCloud.StartAsync();
        var provider = await cloud.MakeProviderAsync("rack", "VCPU:8,MEMORY_MB:1024");
        (await cloud.AllocateAsync(Guid.NewGuid().ToString(), provider, "VCPU:1,MEMORY_MB:10")).ShouldBe(204);
        (await cloud.AllocateAsync(Guid.NewGuid().ToString(), provider, "VCPU:2")).ShouldBe(204);
        (await cloud.AllocateAsync(Guid.NewGuid().ToString(), provider, "VCPU:4", type: "MIGRATION")).ShouldBe(204);
        (await cloud.PlacementAsync(HttpMethod.Put, $"/allocations/{Guid.NewGuid()}", $$$"""
            {"allocations": [{"resource_provider": {"uuid": "{{{provider}}}"}, "resources": {"MEMORY_MB": 5} }], "project_id": "p", "user_id": "u"}
            """, "1.8")).ShouldBe(204);

        async Task<JsonNode> UsagesAsync(string query, string version = PlacementCloud.Latest) =>
            (await cloud.PlacementAsync("/usages?" + query, version)).ShouldBe(200).Json["usages"]!;

        Assert.Equal("""{"MEMORY_MB":15,"VCPU":7}""", (await UsagesAsync("project_id=p", "1.37")).ToJsonString());
        var byType = await UsagesAsync("project_id=p");
        Assert.Equal("""{"MEMORY_MB":10,"VCPU":3,"consumer_count":2}""", byType["INSTANCE"]!.ToJsonString());
        Assert.Equal("""{"VCPU":4,"consumer_count":1}""", byType["MIGRATION"]!.ToJsonString());
        Assert.Equal("""{"MEMORY_MB":5,"consumer_count":1}""", byType["unknown"]!.ToJsonString());
        Assert.Equal("""{"all":{"MEMORY_MB":15,"VCPU":7,"consumer_count":4}}""", (await UsagesAsync("project_id=p&consumer_type=all")).ToJsonString());
        Assert.Equal("""{"MIGRATION":{"VCPU":4,"consumer_count":1}}""", (await UsagesAsync("project_id=p&user_id=u&consumer_type=MIGRATION")).ToJsonString());
        Assert.Equal("{}", (await UsagesAsync("project_id=q")).ToJsonString());
        (await cloud.PlacementAsync("/usages")).ShouldBeError(400, "'project_id' is a required property");
    }

    [Fact]
    public async Task What_requests_change_stands_in_the_change_log()
    {
        await using var cloud = await TestCloud.StartAsync();
        var provider = await cloud.MakeProviderAsync("rack", "VCPU:8", traits: ["HW_CPU_X86_AVX"]);
        var consumer = Guid.NewGuid().ToString();
        (await cloud.AllocateAsync(consumer, provider, "VCPU:1")).ShouldBe(204);
        (await cloud.AllocateAsync(consumer, provider, "VCPU:100", generation: 1)).ShouldBe(409);
        (await cloud.PlacementAsync(HttpMethod.Delete, $"/allocations/{consumer}")).ShouldBe(204);
        Assert.Equal(["create", "inventories", "traits"], await ActionsAsync(cloud, "resource_provider", provider));
        Assert.Equal(["update", "delete"], await ActionsAsync(cloud, "allocation", consumer));
    }

    private static async Task<IEnumerable<string>> ActionsAsync(TestCloud cloud, string type, string id) =>
        (await cloud.Host.Platform.Database.ReadAsync((tx, ct) => ChangeLog.ListOfAsync(tx, type, id, ct), CancellationToken.None))
        .Select(static change => change.Change.Action);
}
