using Appliance.Controller.Identity.Settings;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class LimitTests
{
    [Fact]
    public async Task A_limit_needs_a_registered_one_and_keeps_it()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (service, project) = (await cloud.CreateAsync("services", "service", new() { ["type"] = "t" }), await cloud.CreateProjectAsync("web"));
        var limit = $$"""{"limits": [{"service_id": "{{service}}", "project_id": "{{project}}", "resource_name": "disk", "resource_limit": 5}]}""";
        (await cloud.PostAsync($"{V3}/limits", limit)).ShouldBeFault(403, "error", "no corresponding registered limit");
        var registered = await RegisterAsync(cloud, service, 10);

        var made = (await cloud.PostAsync($"{V3}/limits", limit)).ShouldBe(201).Json;
        (await cloud.PostAsync($"{V3}/limits", limit)).ShouldBeFault(409, "error", "Conflict occurred attempting to store limit - Duplicate entry.");
        (await cloud.DeleteAsync($"{V3}/registered_limits/{registered}")).ShouldBeFault(403, "error", "there are project limits associated with it");
        (await cloud.PatchAsync($"{V3}/registered_limits/{registered}", """{"registered_limit": {"default_limit": 1}}""")).ShouldBe(403);

        Assert.Null(made["links"]);
        Assert.Equal(5, (int)made["limits"]![0]!["resource_limit"]!);
        Assert.Null((string?)made["limits"]![0]!["region_id"]);
        Assert.EndsWith($"/v3/limits/{made["limits"]![0]!["id"]}", (string?)made["limits"]![0]!["links"]!["self"], StringComparison.Ordinal);
        (await cloud.DeleteAsync($"{V3}/projects/{project}")).ShouldBe(204);
        (await cloud.DeleteAsync($"{V3}/registered_limits/{registered}")).ShouldBe(204);
        (await cloud.GetAsync($"{V3}/registered_limits/{registered}")).ShouldBeFault(404, "error", $"Could not find registered limit for {registered}.");
    }

    [Fact]
    public async Task A_request_makes_all_its_limits_or_none()
    {
        await using var cloud = await TestCloud.StartAsync();
        var service = await cloud.CreateAsync("services", "service", new() { ["type"] = "t" });
        var one = $$"""{"service_id": "{{service}}", "resource_name": "disk", "default_limit": 10}""";

        (await cloud.PostAsync($"{V3}/registered_limits", $$"""{"registered_limits": [{{one}}, {{one}}]}""")).ShouldBe(409);

        Assert.Empty((await cloud.GetAsync($"{V3}/registered_limits")).ShouldBe(200).Json["registered_limits"]!.AsArray());
    }

    [Theory]
    [InlineData("""{"registered_limits": []}""", "is too short")]
    [InlineData("""{"registered_limits": [{"service_id": "x", "resource_name": "a", "default_limit": 1}]}""",
        "Invalid input for field/attribute service_id. Value: x. 'x' is not a 'uuid'")]
    [InlineData("""{"registered_limits": [{"service_id": "00000000000000000000000000000000", "resource_name": "a", "default_limit": -2}]}""",
        "-2 is less than the minimum of -1")]
    [InlineData("""{"registered_limits": [{"service_id": "00000000000000000000000000000000", "resource_name": "a", "default_limit": 1}]}""",
        "Expecting to find service_id in registered_limit.")]
    public async Task A_bad_registration_is_refused_in_words(string body, string words)
    {
        await using var cloud = await TestCloud.StartAsync();
        (await cloud.PostAsync($"{V3}/registered_limits", body)).ShouldBeFault(400, "error", words);
    }

    [Fact]
    public async Task Everybody_sees_their_own_limits_only()
    {
        await using var cloud = await TestCloud.StartAsync();
        var service = await cloud.CreateAsync("services", "service", new() { ["type"] = "t" });
        await RegisterAsync(cloud, service, 10);
        var (mine, other, user) = (await cloud.CreateProjectAsync("mine"), await cloud.CreateProjectAsync("other"), await cloud.CreateUserAsync("ann"));
        await cloud.GrantAsync($"projects/{mine}/users/{user}", "reader");
        var token = await cloud.TokenOfAsync(user, "secret", OnProject(mine));
        var ids = new List<string>();
        foreach (var project in new[] { mine, other })
            ids.Add((string)(await LimitAsync(cloud, service, "project_id", project, 3)).ShouldBe(201).Json["limits"]![0]!["id"]!);

        var seen = (await cloud.GetAsync($"{V3}/limits", token)).ShouldBe(200).Json["limits"]!.AsArray();
        Assert.Equal(ids[0], (string?)Assert.Single(seen)!["id"]);
        (await cloud.GetAsync($"{V3}/limits/{ids[0]}", token)).ShouldBe(200);
        (await cloud.GetAsync($"{V3}/limits/{ids[1]}", token)).ShouldBe(403);
        (await cloud.PatchAsync($"{V3}/limits/{ids[0]}", """{"limit": {"resource_limit": 99}}""", token)).ShouldBe(403);
        Assert.Equal(2, (await cloud.GetAsync($"{V3}/limits")).Json["limits"]!.AsArray().Count);
        Assert.Equal("flat", (string?)(await cloud.GetAsync($"{V3}/limits/model", token)).ShouldBe(200).Json["model"]!["name"]);
    }

    [Fact]
    public async Task Two_levels_are_kept_apart()
    {
        await using var cloud = await TestCloud.StartAsync(configure: static options => options with
        {
            Identity = new IdentitySettings { UnifiedLimit = new() { EnforcementModel = UnifiedLimitSettings.StrictTwoLevel } },
        });
        var service = await cloud.CreateAsync("services", "service", new() { ["type"] = "t" });
        await RegisterAsync(cloud, service, 10);
        var (domain, project) = (await cloud.CreateAsync("domains", "domain", new() { ["name"] = "d" }), "");
        project = await cloud.CreateProjectAsync("web", domain: domain);

        (await cloud.PostAsync($"{V3}/projects", $$"""{"project": {"name": "deep", "domain_id": "{{domain}}", "parent_id": "{{project}}"} }"""))
            .ShouldBeFault(403, "error", "Max hierarchy depth reached");
        (await LimitAsync(cloud, service, "project_id", project, 11)).ShouldBeFault(403, "error", "doesn't satisfy current hierarchy model");
        var limit = (string)(await LimitAsync(cloud, service, "project_id", project, 8)).ShouldBe(201).Json["limits"]![0]!["id"]!;
        (await LimitAsync(cloud, service, "domain_id", domain, 7)).ShouldBe(403);
        (await LimitAsync(cloud, service, "domain_id", domain, 9)).ShouldBe(201);
        (await cloud.PatchAsync($"{V3}/limits/{limit}", """{"limit": {"resource_limit": 10}}""")).ShouldBe(403);
        (await cloud.PatchAsync($"{V3}/limits/{limit}", """{"limit": {"resource_limit": 0}}""")).ShouldBe(200);
        Assert.Equal(0, (int)(await cloud.GetAsync($"{V3}/limits/{limit}")).Json["limit"]!["resource_limit"]!);
    }

    private static Task<TestAnswer> LimitAsync(TestCloud cloud, string service, string kind, string id, int amount) => cloud.PostAsync($"{V3}/limits",
        $$"""{"limits": [{"service_id": "{{service}}", "{{kind}}": "{{id}}", "resource_name": "disk", "resource_limit": {{amount}}}]}""");

    private static async Task<string> RegisterAsync(TestCloud cloud, string service, int amount) => (string)(await cloud.PostAsync($"{V3}/registered_limits",
        $$"""{"registered_limits": [{"service_id": "{{service}}", "resource_name": "disk", "default_limit": {{amount}}}]}"""))
        .ShouldBe(201).Json["registered_limits"]![0]!["id"]!;
}
