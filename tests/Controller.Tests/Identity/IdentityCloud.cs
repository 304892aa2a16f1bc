using System.Text.Json.Nodes;

namespace Appliance.Controller.Tests.Identity;

/// <summary>What identity tests do again and again, through the public API.</summary>
internal static class IdentityCloud
{
    public const string V3 = "/identity/v3";

    public static async Task<string> CreateAsync(this TestCloud cloud, string collection, string member, JsonObject body)
    {
        var answer = await cloud.PostAsync($"{V3}/{collection}", new JsonObject { [member] = body }.ToJsonString());
        return (string)answer.ShouldBe(201).Json[member]!["id"]!;
    }

    public static Task<string> CreateUserAsync(this TestCloud cloud, string name, string? password = "secret", string domain = "default") =>
        cloud.CreateAsync("users", "user", new JsonObject { ["name"] = name, ["password"] = password, ["domain_id"] = domain });

    public static Task<string> CreateProjectAsync(this TestCloud cloud, string name, string? parent = null, string domain = "default") =>
        cloud.CreateAsync("projects", "project", parent is null
            ? new JsonObject { ["name"] = name, ["domain_id"] = domain }
            : new JsonObject { ["name"] = name, ["domain_id"] = domain, ["parent_id"] = parent });

    public static async Task<string> RoleIdAsync(this TestCloud cloud, string name) =>
        (string)(await cloud.GetAsync($"{V3}/roles?name={name}")).ShouldBe(200).Json["roles"]![0]!["id"]!;

    public static async Task GrantAsync(this TestCloud cloud, string path, string role) =>
        (await cloud.PutAsync($"{V3}/{path}/roles/{await cloud.RoleIdAsync(role)}", "")).ShouldBe(204);

    /// <summary>Logs in by id; answers the whole answer, whatever it is.</summary>
    public static Task<TestAnswer> LogInAsync(this TestCloud cloud, string userId, string password, JsonNode? scope = null)
    {
        var auth = new JsonObject
        {
            ["identity"] = new JsonObject
            {
                ["methods"] = new JsonArray("password"),
                ["password"] = new JsonObject { ["user"] = new JsonObject { ["id"] = userId, ["password"] = password } },
            },
        };
        if (scope is not null)
            auth["scope"] = scope;
        return cloud.PostAsync($"{V3}/auth/tokens", new JsonObject { ["auth"] = auth }.ToJsonString(), token: "");
    }

    public static JsonNode OnProject(string id) => new JsonObject { ["project"] = new JsonObject { ["id"] = id } };
    public static JsonNode OnDomain(string id) => new JsonObject { ["domain"] = new JsonObject { ["id"] = id } };
    public static JsonNode OnSystem => new JsonObject { ["system"] = new JsonObject { ["all"] = true } };

    public static async Task<string> TokenOfAsync(this TestCloud cloud, string userId, string password, JsonNode? scope = null) =>
        (await cloud.LogInAsync(userId, password, scope)).ShouldBe(201).Headers["X-Subject-Token"];

    /// <summary>200 while the token holds, 401 after.</summary>
    public static async Task<int> UseAsync(this TestCloud cloud, string token) => (await cloud.GetAsync($"{V3}/auth/projects", token)).Status;

    public static IEnumerable<string?> RoleNames(this TestAnswer login) =>
        login.Json["token"]!["roles"]!.AsArray().Select(static role => (string?)role!["name"]);
}
