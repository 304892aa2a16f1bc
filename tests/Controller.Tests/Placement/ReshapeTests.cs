using Appliance.Controller.Tests.Identity;

namespace Appliance.Controller.Tests.Placement;

/// <summary>Inventories that move between providers together with what is allocated of them: nothing for tenants.</summary>
public class ReshapeTests
{
    [Fact]
    public async Task Processors_move_to_a_child_with_what_a_server_holds_of_them()
    {
        await using var cloud = await TestCloud.StartAsync();
        var token = await TokenAsync(cloud, "nova", "service");
        var host = await cloud.MakeProviderAsync("host", "VCPU:8,MEMORY_MB:1024");
        var numa = await cloud.MakeProviderAsync("numa", parent: host);
        var consumer = Guid.NewGuid().ToString();
        (await cloud.AllocateAsync(consumer, host, "VCPU:2,MEMORY_MB:512")).ShouldBe(204);
        var body = $$$"""
            {"inventories": {
               "{{{host}}}": {"resource_provider_generation": {{{await cloud.GenerationAsync(host)}}}, "inventories": {"MEMORY_MB": {"total": 1024} } },
               "{{{numa}}}": {"resource_provider_generation": 0, "inventories": {"VCPU": {"total": 8} } } },
             "allocations": {"{{{consumer}}}": {"allocations": {"{{{host}}}": {"resources": {"MEMORY_MB": 512} }, "{{{numa}}}": {"resources": {"VCPU": 2} } },
               "project_id": "p", "user_id": "u", "consumer_generation": 1, "consumer_type": "INSTANCE"} } }
            """;

        (await ReshapeAsync(cloud, await TokenAsync(cloud, "joe", "member"), body))
            .ShouldBeError(403, "Policy does not allow placement:reshaper:reshape to be performed.");
        (await ReshapeAsync(cloud, token, body, "1.29")).ShouldBe(404);
        (await ReshapeAsync(cloud, token, """{"inventories": {}, "allocations": {} }""")).ShouldBeError(400, "{} does not have enough properties");
        (await ReshapeAsync(cloud, token, body.Replace("\"consumer_generation\": 1", "\"consumer_generation\": 4", StringComparison.Ordinal)))
            .ShouldBeError(409, "consumer generation conflict", "placement.concurrent_update");
        // Without the allocations the processors are still in use where they were.
        (await ReshapeAsync(cloud, token, body[..body.IndexOf("\"allocations\": {\"" + consumer, StringComparison.Ordinal)] + "\"allocations\": {} }"))
            .ShouldBeError(409, $"update conflict: Inventory for 'VCPU' on resource provider '{host}' in use.", "placement.inventory.inuse");
        Assert.Equal("""{"MEMORY_MB":512,"VCPU":2}""", await UsedAsync(cloud, host));

        (await ReshapeAsync(cloud, token, body)).ShouldBe(204);
        Assert.Equal("""{"MEMORY_MB":512}""", await UsedAsync(cloud, host));
        Assert.Equal("""{"VCPU":2}""", await UsedAsync(cloud, numa));
        (await ReshapeAsync(cloud, token, body)).ShouldBeError(409, "resource provider generation conflict for provider", "placement.concurrent_update");
        var unknown = Guid.NewGuid().ToString();
        (await ReshapeAsync(cloud, token, body.Replace(host, unknown, StringComparison.Ordinal)))
            .ShouldBeError(400, $"Resource provider {unknown} in inventories not found", "placement.resource_provider.not_found");
    }

    private static async Task<string> UsedAsync(TestCloud cloud, string provider) =>
        (await cloud.PlacementAsync($"/resource_providers/{provider}/usages")).ShouldBe(200).Json["usages"]!.ToJsonString();

    private static Task<TestAnswer> ReshapeAsync(TestCloud cloud, string token, string body, string version = PlacementCloud.Latest) =>
        cloud.SendAsync(HttpMethod.Post, "/placement/reshaper", body, token, ("OpenStack-API-Version", $"placement {version}"));

    private static async Task<string> TokenAsync(TestCloud cloud, string name, string role)
    {
        var (user, project) = (await cloud.CreateUserAsync(name), await cloud.CreateProjectAsync(name));
        await cloud.GrantAsync($"projects/{project}/users/{user}", role);
        return await cloud.TokenOfAsync(user, "secret", IdentityCloud.OnProject(project));
    }
}
