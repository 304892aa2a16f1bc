using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class ScopeTests
{
    [Fact]
    public async Task An_inherited_role_counts_below_and_not_where_it_was_granted()
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await cloud.CreateUserAsync("ann");
        var above = await cloud.CreateProjectAsync("above");
        var below = await cloud.CreateProjectAsync("below", parent: above);
        var deep = await cloud.CreateProjectAsync("deep", parent: below);
        var member = await cloud.RoleIdAsync("member");

        (await cloud.PutAsync($"{V3}/OS-INHERIT/projects/{above}/users/{user}/roles/{member}/inherited_to_projects", "")).ShouldBe(204);

        (await cloud.LogInAsync(user, "secret", OnProject(above))).ShouldBe(401);
        Assert.Equal(["member", "reader"], (await cloud.LogInAsync(user, "secret", OnProject(below))).RoleNames());
        Assert.Equal(["member", "reader"], (await cloud.LogInAsync(user, "secret", OnProject(deep))).RoleNames());
        var projects = (await cloud.GetAsync($"{V3}/auth/projects", await cloud.TokenOfAsync(user, "secret"))).Json["projects"]!.AsArray();
        Assert.Equal(new[] { below, deep }.Order(), projects.Select(static project => (string)project!["id"]!).Order());
    }

    [Fact]
    public async Task A_token_is_exchanged_for_another_scope_and_keeps_its_end_and_chain()
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await cloud.CreateUserAsync("ann");
        var project = await cloud.CreateProjectAsync("web");
        await cloud.GrantAsync($"projects/{project}/users/{user}", "member");
        var first = (await cloud.LogInAsync(user, "secret")).ShouldBe(201);

        var second = (await ExchangeAsync(cloud, first.Headers["X-Subject-Token"], OnProject(project))).ShouldBe(201);
        var third = (await ExchangeAsync(cloud, second.Headers["X-Subject-Token"], OnProject(project))).ShouldBe(201);

        var (one, two, three) = (first.Json["token"]!, second.Json["token"]!, third.Json["token"]!);
        Assert.Equal((string?)one["expires_at"], (string?)three["expires_at"]);
        Assert.Equal((string?)one["audit_ids"]![0], (string?)two["audit_ids"]![1]);
        Assert.Equal((string?)one["audit_ids"]![0], (string?)three["audit_ids"]![1]);
        Assert.Equal(["password", "token"], two["methods"]!.AsArray().Select(static method => (string?)method).Order());
        Assert.Null(one["catalog"]);
        Assert.NotNull(two["catalog"]);
    }

    [Fact]
    public async Task A_system_token_is_not_exchanged_for_a_project()
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await cloud.CreateUserAsync("ann");
        var project = await cloud.CreateProjectAsync("web");
        await cloud.GrantAsync($"projects/{project}/users/{user}", "member");
        await cloud.GrantAsync($"system/users/{user}", "reader");
        var system = await cloud.TokenOfAsync(user, "secret", OnSystem);

        (await ExchangeAsync(cloud, system, OnProject(project))).ShouldBeFault(403, "error", "system-scoped token");
    }

    [Fact]
    public async Task Without_a_scope_the_default_project_counts_if_it_can()
    {
        await using var cloud = await TestCloud.StartAsync();
        var project = await cloud.CreateProjectAsync("web");
        var user = await cloud.CreateAsync("users", "user", new() { ["name"] = "ann", ["password"] = "secret", ["default_project_id"] = project });
        Assert.Null((await cloud.LogInAsync(user, "secret")).ShouldBe(201).Json["token"]!["project"]);

        await cloud.GrantAsync($"projects/{project}/users/{user}", "reader");

        Assert.Equal(project, (string?)(await cloud.LogInAsync(user, "secret")).ShouldBe(201).Json["token"]!["project"]!["id"]);
        Assert.Null((await cloud.LogInAsync(user, "secret", new JsonObject { ["unscoped"] = new JsonObject() })).ShouldBe(201).Json["token"]!["project"]);
    }

    [Fact]
    public async Task A_domain_manager_manages_its_domain_and_nothing_else()
    {
        await using var cloud = await TestCloud.StartAsync();
        var domain = await cloud.CreateAsync("domains", "domain", new() { ["name"] = "d" });
        var manager = await cloud.CreateUserAsync("max", domain: domain);
        await cloud.GrantAsync($"domains/{domain}/users/{manager}", "manager");
        var token = await cloud.TokenOfAsync(manager, "secret", OnDomain(domain));

        (await cloud.PostAsync($"{V3}/users", $$$"""{"user": {"name": "ann", "domain_id": "{{{domain}}}"}}""", token)).ShouldBe(201);
        (await cloud.PostAsync($"{V3}/users", """{"user": {"name": "eve", "domain_id": "default"}}""", token))
            .ShouldBeFault(403, "error", "You are not authorized to perform the requested action: identity:create_user.");
        (await cloud.PostAsync($"{V3}/domains", """{"domain": {"name": "other"}}""", token)).ShouldBe(403);
        Assert.Equal(2, (await cloud.GetAsync($"{V3}/users", token)).ShouldBe(200).Json["users"]!.AsArray().Count);

        var admin = await cloud.RoleIdAsync("admin");
        (await cloud.PutAsync($"{V3}/domains/{domain}/users/{manager}/roles/{admin}", "", token)).ShouldBe(403);
    }

    [Fact]
    public async Task A_project_member_sees_neither_users_nor_other_projects()
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await cloud.CreateUserAsync("ann");
        var project = await cloud.CreateProjectAsync("web");
        var other = await cloud.CreateProjectAsync("other");
        await cloud.GrantAsync($"projects/{project}/users/{user}", "manager");
        var token = await cloud.TokenOfAsync(user, "secret", OnProject(project));

        (await cloud.GetAsync($"{V3}/users", token)).ShouldBe(403);
        (await cloud.GetAsync($"{V3}/users/{user}", token)).ShouldBe(200);
        (await cloud.GetAsync($"{V3}/projects", token)).ShouldBe(403);
        (await cloud.GetAsync($"{V3}/projects/{project}", token)).ShouldBe(200);
        (await cloud.GetAsync($"{V3}/projects/{other}", token)).ShouldBe(403);
        (await cloud.GetAsync($"{V3}/projects/00000000000000000000000000000000", token)).ShouldBe(403);
        (await cloud.PostAsync($"{V3}/users", """{"user": {"name": "eve"}}""", token)).ShouldBe(403);
        (await cloud.PostAsync($"{V3}/projects", """{"project": {"name": "mine"}}""", token)).ShouldBe(403);
    }

    private static Task<TestAnswer> ExchangeAsync(TestCloud cloud, string token, JsonNode scope) =>
        cloud.PostAsync($"{V3}/auth/tokens", new JsonObject
        {
            ["auth"] = new JsonObject
            {
                ["identity"] = new JsonObject { ["methods"] = new JsonArray("token"), ["token"] = new JsonObject { ["id"] = token } },
                ["scope"] = scope,
            },
        }.ToJsonString(), token: "");
}
