using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class PolicyBlobTests
{
    [Fact]
    public async Task A_policy_is_kept_shown_changed_and_deleted()
    {
        await using var cloud = await TestCloud.StartAsync();
        (await cloud.PostAsync($"{V3}/policies", """{"policy": {"type": "t"}}""")).ShouldBeFault(400, "error", "'blob' is a required property");
        var id = await PolicyAsync(cloud, "one");

        Assert.Equal("more", (string?)(await cloud.PatchAsync($"{V3}/policies/{id}", """{"policy": {"blob": "two", "extra": "more"}}"""))
            .ShouldBe(200).Json["policy"]!["extra"]);
        Assert.Equal("two", (string?)(await cloud.GetAsync($"{V3}/policies/{id}")).Json["policy"]!["blob"]);
        Assert.Single((await cloud.GetAsync($"{V3}/policies?type=application/json")).Json["policies"]!.AsArray());
        (await cloud.DeleteAsync($"{V3}/policies/{id}")).ShouldBe(204);
        (await cloud.GetAsync($"{V3}/policies/{id}")).ShouldBeFault(404, "error", $"Could not find policy: {id}.");
    }

    [Fact]
    public async Task The_nearest_policy_counts_for_an_endpoint()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.CreateAsync("regions", "region", new() { ["id"] = "north" });
        await cloud.CreateAsync("regions", "region", new() { ["id"] = "hall", ["parent_region_id"] = "north" });
        var service = await cloud.CreateAsync("services", "service", new() { ["type"] = "bakery" });
        var endpoint = await cloud.CreateAsync("endpoints", "endpoint",
            new() { ["service_id"] = service, ["interface"] = "public", ["url"] = "http://bakery.example/", ["region_id"] = "hall" });
        var (wide, regional, own) = (await PolicyAsync(cloud, "wide"), await PolicyAsync(cloud, "regional"), await PolicyAsync(cloud, "own"));
        var effective = $"{V3}/endpoints/{endpoint}/OS-ENDPOINT-POLICY/policy";
        (await cloud.GetAsync(effective)).ShouldBeFault(404, "error", $"No policy is associated with endpoint {endpoint}.");

        foreach (var (policy, place) in new[] { (wide, $"services/{service}"), (regional, $"services/{service}/regions/north"), (own, $"endpoints/{endpoint}") })
        {
            var path = $"{V3}/policies/{policy}/OS-ENDPOINT-POLICY";
            (await cloud.GetAsync($"{path}/{place}")).ShouldBeFault(404, "error", "Could not find policy association.");
            (await cloud.PutAsync($"{path}/{place}", "")).ShouldBe(204);
            (await cloud.SendAsync(HttpMethod.Head, $"{path}/{place}")).ShouldBe(204);
            Assert.Equal(policy, (string?)(await cloud.GetAsync(effective)).ShouldBe(200).Json["policy"]!["id"]);
            Assert.Equal(endpoint, (string?)(await cloud.GetAsync($"{path}/endpoints")).Json["endpoints"]![0]!["id"]);
        }

        (await cloud.DeleteAsync($"{V3}/policies/{own}")).ShouldBe(204);
        Assert.Equal(regional, (string?)(await cloud.GetAsync(effective)).Json["policy"]!["id"]);
        (await cloud.DeleteAsync($"{V3}/policies/{regional}/OS-ENDPOINT-POLICY/services/{service}/regions/north")).ShouldBe(204);
        Assert.Equal(wide, (string?)(await cloud.GetAsync(effective)).Json["policy"]!["id"]);
    }

    [Fact]
    public async Task A_policy_is_in_effect_where_no_nearer_one_is()
    {
        await using var cloud = await TestCloud.StartAsync();
        await cloud.CreateAsync("regions", "region", new() { ["id"] = "north" });
        await cloud.CreateAsync("regions", "region", new() { ["id"] = "hall", ["parent_region_id"] = "north" });
        var service = await cloud.CreateAsync("services", "service", new() { ["type"] = "bakery" });
        await cloud.CreateAsync("endpoints", "endpoint",
            new() { ["service_id"] = service, ["interface"] = "public", ["url"] = "http://bakery.example/", ["region_id"] = "hall" });
        var (regional, near) = (await PolicyAsync(cloud, "regional"), await PolicyAsync(cloud, "near"));
        string Effect(string policy) => $"{V3}/policies/{policy}/OS-ENDPOINT-POLICY/policy";
        (await cloud.GetAsync(Effect("nobody"))).ShouldBeFault(404, "error", "Could not find policy: nobody.");
        (await cloud.GetAsync(Effect(regional))).ShouldBeFault(404, "error", "Could not find policy association.");

        (await cloud.PutAsync($"{V3}/policies/{regional}/OS-ENDPOINT-POLICY/services/{service}/regions/north", "")).ShouldBe(204);
        Assert.Equal("regional", (string?)(await cloud.GetAsync(Effect(regional))).ShouldBe(200).Json["policy"]!["blob"]);
        (await cloud.SendAsync(HttpMethod.Head, Effect(regional))).ShouldBe(200);
        (await cloud.PutAsync($"{V3}/policies/{near}/OS-ENDPOINT-POLICY/services/{service}/regions/hall", "")).ShouldBe(204);
        (await cloud.SendAsync(HttpMethod.Head, Effect(regional))).ShouldBe(404);
        (await cloud.SendAsync(HttpMethod.Head, Effect(near))).ShouldBe(200);
    }

    private static Task<string> PolicyAsync(TestCloud cloud, string blob) =>
        cloud.CreateAsync("policies", "policy", new() { ["type"] = "application/json", ["blob"] = blob });
}
