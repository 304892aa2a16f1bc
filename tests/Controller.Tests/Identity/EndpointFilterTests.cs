using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class EndpointFilterTests
{
    [Fact]
    public async Task A_project_that_was_given_endpoints_sees_those_only()
    {
        await using var cloud = await TestCloud.StartAsync();
        var project = await cloud.CreateProjectAsync("web");
        var user = await cloud.CreateUserAsync("ann");
        await cloud.GrantAsync($"projects/{project}/users/{user}", "reader");
        var service = await cloud.CreateAsync("services", "service", new() { ["type"] = "bakery" });
        var endpoint = await EndpointAsync(cloud, service, "public");
        Assert.True(await CountServicesAsync(cloud, user, project) > 1);
        var path = $"{V3}/OS-EP-FILTER/projects/{project}/endpoints/{endpoint}";

        (await cloud.GetAsync(path)).ShouldBeFault(404, "error", $"Endpoint {endpoint} not found in project {project}");
        (await cloud.PutAsync(path, "")).ShouldBe(204);
        (await cloud.PutAsync(path, "")).ShouldBe(409);
        (await cloud.SendAsync(HttpMethod.Head, path)).ShouldBe(204);

        Assert.Equal(1, await CountServicesAsync(cloud, user, project));
        Assert.Equal(project, (string?)(await cloud.GetAsync($"{V3}/OS-EP-FILTER/endpoints/{endpoint}/projects")).Json["projects"]![0]!["id"]);
        Assert.Equal(endpoint, (string?)(await cloud.GetAsync($"{V3}/OS-EP-FILTER/projects/{project}/endpoints")).Json["endpoints"]![0]!["id"]);
        (await cloud.DeleteAsync(path)).ShouldBe(204);
        (await cloud.DeleteAsync(path)).ShouldBe(404);
        Assert.True(await CountServicesAsync(cloud, user, project) > 1);
    }

    [Fact]
    public async Task A_group_gives_its_projects_the_endpoints_it_describes()
    {
        await using var cloud = await TestCloud.StartAsync();
        var project = await cloud.CreateProjectAsync("web");
        var user = await cloud.CreateUserAsync("ann");
        await cloud.GrantAsync($"projects/{project}/users/{user}", "reader");
        var service = await cloud.CreateAsync("services", "service", new() { ["type"] = "bakery" });
        await EndpointAsync(cloud, service, "public");
        var inner = await EndpointAsync(cloud, service, "internal");
        var group = (string)(await cloud.PostAsync($"{V3}/OS-EP-FILTER/endpoint_groups",
            $$"""{"endpoint_group": {"name": "g", "filters": {"service_id": "{{service}}", "interface": "internal"} } }""")).ShouldBe(201)
            .Json["endpoint_group"]!["id"]!;
        var path = $"{V3}/OS-EP-FILTER/endpoint_groups/{group}";

        var held = (await cloud.GetAsync($"{path}/endpoints")).ShouldBe(200).Json["endpoints"]!.AsArray();
        Assert.Equal(inner, (string?)Assert.Single(held)!["id"]);
        (await cloud.PutAsync($"{path}/projects/{project}", "")).ShouldBe(204);

        var login = (await cloud.LogInAsync(user, "secret", OnProject(project))).ShouldBe(201).Json["token"]!["catalog"]!.AsArray();
        Assert.Equal(inner, (string?)Assert.Single(Assert.Single(login)!["endpoints"]!.AsArray())!["id"]);
        Assert.Equal(project, (string?)(await cloud.GetAsync($"{path}/projects")).Json["projects"]![0]!["id"]);
        Assert.Equal(group, (string?)(await cloud.GetAsync($"{V3}/OS-EP-FILTER/projects/{project}/endpoint_groups")).Json["endpoint_groups"]![0]!["id"]);
        Assert.Equal(group, (string?)(await cloud.GetAsync($"{path}/projects/{project}")).Json["project_endpoint_group"]!["endpoint_group_id"]);
        (await cloud.PatchAsync(path, """{"endpoint_group": {"filters": {"interface": "public"} } }""")).ShouldBe(200);
        (await cloud.DeleteAsync($"{path}/projects/{project}")).ShouldBe(204);
        (await cloud.GetAsync($"{path}/projects/{project}")).ShouldBeFault(404, "error", "Endpoint Group Project Association not found");
        (await cloud.DeleteAsync(path)).ShouldBe(204);
        (await cloud.GetAsync(path)).ShouldBeFault(404, "error", $"Could not find Endpoint Group: {group}.");
    }

    [Theory]
    [InlineData("""{"name": "g", "filters": {}}""", "filters field is required and cannot be empty")]
    [InlineData("""{"name": "g", "filters": {"enabled": true}}""", "Expecting to find service_id or region_id or interface in endpoint_group.")]
    [InlineData("""{"name": "g", "filters": {"interface": "side"}}""", "'side' is not one of ['admin', 'internal', 'public']")]
    [InlineData("""{"filters": {"interface": "public"}}""", "'name' is a required property")]
    public async Task A_group_must_describe_endpoints(string group, string words)
    {
        await using var cloud = await TestCloud.StartAsync();
        (await cloud.PostAsync($"{V3}/OS-EP-FILTER/endpoint_groups", $$"""{"endpoint_group": {{group}}}""")).ShouldBeFault(400, "error", words);
    }

    private static async Task<int> CountServicesAsync(TestCloud cloud, string user, string project) =>
        (await cloud.LogInAsync(user, "secret", OnProject(project))).ShouldBe(201).Json["token"]!["catalog"]!.AsArray().Count;

    private static Task<string> EndpointAsync(TestCloud cloud, string service, string kind) => cloud.CreateAsync("endpoints", "endpoint",
        new() { ["service_id"] = service, ["interface"] = kind, ["url"] = "http://bakery.example/" });
}
