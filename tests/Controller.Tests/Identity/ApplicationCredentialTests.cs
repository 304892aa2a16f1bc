using System.Text.Json.Nodes;
using Appliance.Controller.Http;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class ApplicationCredentialTests
{
    [Fact]
    public async Task A_credential_gives_its_roles_in_its_project_and_ends_with_it()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (user, project, token) = await StartAsync(cloud);
        var made = await MakeAsync(cloud, user, token, """{"name": "robot", "roles": [{"name": "reader"}]}""");

        var login = (await LogInAsync(cloud, made)).ShouldBe(201);

        Assert.Equal(["reader"], login.RoleNames());
        Assert.Equal(project, (string?)login.Json["token"]!["project"]!["id"]);
        Assert.Equal("robot", (string?)login.Json["token"]!["application_credential"]!["name"]);
        var robot = login.Headers["X-Subject-Token"];
        Assert.InRange(robot.Length, 100, 255);
        Assert.Equal(200, await cloud.UseAsync(robot));
        (await cloud.DeleteAsync($"{V3}/users/{user}/application_credentials/{made["id"]}", token)).ShouldBe(204);
        Assert.Equal(401, await cloud.UseAsync(robot));
        (await LogInAsync(cloud, made)).ShouldBe(401);
    }

    [Fact]
    public async Task A_credential_never_gives_more_than_its_user_has()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (user, project, token) = await StartAsync(cloud);

        (await cloud.PostAsync($"{V3}/users/{user}/application_credentials",
            """{"application_credential": {"name": "robot", "roles": [{"name": "admin"}]}}""", token)).ShouldBeFault(400, "error", "unassigned role");
        var made = await MakeAsync(cloud, user, token, """{"name": "robot"}""");
        var robot = (await LogInAsync(cloud, made)).ShouldBe(201).Headers["X-Subject-Token"];

        (await cloud.DeleteAsync($"{V3}/projects/{project}/users/{user}/roles/{await cloud.RoleIdAsync("member")}")).ShouldBe(204);

        Assert.Equal(401, await cloud.UseAsync(robot));
        (await LogInAsync(cloud, made)).ShouldBe(401);
    }

    [Fact]
    public async Task A_restricted_credential_makes_no_others_and_takes_no_scope()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (user, project, token) = await StartAsync(cloud);
        var made = await MakeAsync(cloud, user, token, """{"name": "robot"}""");
        var robot = (await LogInAsync(cloud, made)).ShouldBe(201).Headers["X-Subject-Token"];

        (await cloud.PostAsync($"{V3}/users/{user}/application_credentials", """{"application_credential": {"name": "second"}}""", robot)).ShouldBe(403);
        (await LogInAsync(cloud, made, OnProject(project))).ShouldBe(401);
        (await cloud.PostAsync($"{V3}/auth/tokens", new JsonObject
        {
            ["auth"] = new JsonObject
            {
                ["identity"] = new JsonObject { ["methods"] = new JsonArray("token"), ["token"] = new JsonObject { ["id"] = robot } },
                ["scope"] = OnProject(project),
            },
        }.ToJsonString(), token: "")).ShouldBe(403);
    }

    [Fact]
    public async Task Access_rules_bound_the_requests_a_credential_is_good_for()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (user, project, token) = await StartAsync(cloud);
        var made = await MakeAsync(cloud, user, token,
            """{"name": "robot", "access_rules": [{"service": "identity", "method": "GET", "path": "/v3/projects/*"}]}""");
        var robot = (await LogInAsync(cloud, made)).ShouldBe(201).Headers["X-Subject-Token"];

        (await cloud.GetAsync($"{V3}/projects/{project}", robot)).ShouldBe(200);
        (await cloud.GetAsync($"{V3}/projects/{project}/tags", robot)).ShouldBe(401);
        (await cloud.GetAsync($"{V3}/users/{user}", robot)).ShouldBe(401);
        var rule = (string?)made["access_rules"]![0]!["id"];
        (await cloud.DeleteAsync($"{V3}/users/{user}/access_rules/{rule}", token)).ShouldBe(403);
    }

    [Fact]
    public async Task Access_rules_are_for_their_user_and_the_system_not_for_who_administers_a_project()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (user, _, token) = await StartAsync(cloud);
        var made = await MakeAsync(cloud, user, token,
            """{"name": "robot", "access_rules": [{"service": "identity", "method": "GET", "path": "/v3/projects/*"}]}""");
        var (all, one) = ($"{V3}/users/{user}/access_rules", $"{V3}/users/{user}/access_rules/{made["access_rules"]![0]!["id"]}");
        var admin = (string)(await cloud.GetAsync($"{V3}/users?name=admin")).ShouldBe(200).Json["users"]![0]!["id"]!;
        var system = await cloud.TokenOfAsync(admin, TestCloud.AdminPassword, OnSystem);

        (await cloud.GetAsync(one)).ShouldBe(403);
        (await cloud.GetAsync(all)).ShouldBe(403);
        (await cloud.DeleteAsync(one)).ShouldBe(403);
        (await cloud.GetAsync(one, token)).ShouldBe(200);
        Assert.Single((await cloud.GetAsync(all, system)).ShouldBe(200).Json["access_rules"]!.AsArray());
        (await cloud.DeleteAsync($"{V3}/users/{user}/application_credentials/{made["id"]}", token)).ShouldBe(204);
        (await cloud.DeleteAsync(one, system)).ShouldBe(204);
    }

    [Theory]
    [InlineData("/v2.1/servers", "/v2.1/servers", true)]
    [InlineData("/v2.1/servers", "/v2.1/servers/x", false)]
    [InlineData("/v2.1/servers/*", "/v2.1/servers/x", true)]
    [InlineData("/v2.1/servers/*", "/v2.1/servers/x/ips", false)]
    [InlineData("/v2.1/servers/*", "/v2.1/servers/", false)]
    [InlineData("/v2.1/servers/{server_id}/ips", "/v2.1/servers/x/ips", true)]
    [InlineData("/v2.1/**", "/v2.1/servers/x/ips", true)]
    [InlineData("/**/ips", "/v2.1/servers/x/ips", true)]
    [InlineData("/**/ips", "/v2.1/servers/x", false)]
    public void Paths_of_access_rules_match_as_the_middleware_matches_them(string pattern, string path, bool matches) =>
        Assert.Equal(matches, AccessRule.Matches(pattern, path));

    private static async Task<(string User, string Project, string Token)> StartAsync(TestCloud cloud)
    {
        var user = await cloud.CreateUserAsync("ann");
        var project = await cloud.CreateProjectAsync("web");
        await cloud.GrantAsync($"projects/{project}/users/{user}", "member");
        return (user, project, await cloud.TokenOfAsync(user, "secret", OnProject(project)));
    }

    private static async Task<JsonNode> MakeAsync(TestCloud cloud, string user, string token, string body) =>
        (await cloud.PostAsync($"{V3}/users/{user}/application_credentials", $$"""{"application_credential": {{body}}}""", token))
            .ShouldBe(201).Json["application_credential"]!;

    private static Task<TestAnswer> LogInAsync(TestCloud cloud, JsonNode made, JsonNode? scope = null)
    {
        var auth = new JsonObject
        {
            ["identity"] = new JsonObject
            {
                ["methods"] = new JsonArray("application_credential"),
                ["application_credential"] = new JsonObject { ["id"] = (string?)made["id"], ["secret"] = (string?)made["secret"] },
            },
        };
        if (scope is not null)
            auth["scope"] = scope;
        return cloud.PostAsync($"{V3}/auth/tokens", new JsonObject { ["auth"] = auth }.ToJsonString(), token: "");
    }
}
