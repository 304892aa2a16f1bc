using System.Text.Json.Nodes;
using Appliance.Controller.Audit;
using Appliance.Controller.Tests.Identity;
using Appliance.Controller.Tests.Identity.Attacks;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Audit;

public class AuditSecrecyTests
{
    // Each secret is a text that nothing else has: whatever goes into the trail or its file is found.
    [Fact]
    public async Task No_secret_of_any_operation_gets_into_the_trail()
    {
        var folder = Directory.CreateTempSubdirectory("appliance-test-").FullName;
        try
        {
            var trail = Path.Combine(folder, "audit.jsonl");
            await using var cloud = await TestCloud.StartAsync(Path.Combine(folder, "data"), options => options with { Audit = new AuditOptions { FilePath = trail } });
            var secrets = new List<string> { TestCloud.AdminPassword, await cloud.AdminTokenAsync() };
            string New(string what)
            {
                secrets.Add($"{what}-{Guid.NewGuid():N}");
                return secrets[^1];
            }

            await UsePasswordsAsync(cloud, New, secrets);
            await UseCredentialsAsync(cloud, New, secrets);
            await UseOthersAsync(cloud, New, secrets);

            var marker = await cloud.CreateProjectAsync("last");
            await Eventually.TrueAsync(() => File.Exists(trail) && File.ReadAllText(trail).Contains(marker, StringComparison.Ordinal), "the file is whole");
            var text = File.ReadAllText(trail) + (await cloud.GetAsync("/appliance/v1/audit/events?limit=1000")).ShouldBe(200).Text;
            Assert.InRange(secrets.Count, 20, 100);
            Assert.All(secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
            foreach (var action in new[] { "created.credential", "created.application_credential", "created.consumer", "updated.domain", "updated.user", "authenticate" })
                Assert.Contains($"\"action\":\"{action}\"", text, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task UsePasswordsAsync(TestCloud cloud, Func<string, string> create, List<string> secrets)
    {
        var (first, second, third) = (create("password"), create("password"), create("password"));
        var user = await cloud.CreateUserAsync("passwords", first);
        secrets.Add(await cloud.TokenOfAsync(user, first));
        (await cloud.LogInAsync(user, create("wrong"))).ShouldBe(401);
        (await cloud.PatchAsync($"{V3}/users/{user}", new JsonObject { ["user"] = new JsonObject { ["password"] = second } }.ToJsonString())).ShouldBe(200);
        (await cloud.PostAsync($"{V3}/users/{user}/password", new JsonObject
        {
            ["user"] = new JsonObject { ["original_password"] = second, ["password"] = third },
        }.ToJsonString(), "")).ShouldBe(204);
        (await cloud.PostAsync($"{V3}/users/{user}/password", new JsonObject
        {
            ["user"] = new JsonObject { ["original_password"] = create("wrong"), ["password"] = create("new") },
        }.ToJsonString(), "")).ShouldBe(401);
        // In the wrong place, and as a token.
        (await cloud.LogInAsync(create("typed-as-id"), "x")).ShouldBe(401);
        Assert.Equal(401, await cloud.UseAsync(create("token")));
        (await Victim.RescopeAsync(cloud, create("token"))).ShouldBe(404);
        (await cloud.PostAsync($"{V3}/auth/tokens", new JsonObject
        {
            ["auth"] = new JsonObject { ["identity"] = new JsonObject { ["methods"] = new JsonArray(create("method")), [secrets[^1]] = new JsonObject() } },
        }.ToJsonString(), "")).ShouldBe(401);
    }

    private static async Task UseCredentialsAsync(TestCloud cloud, Func<string, string> create, List<string> secrets)
    {
        var victim = await Victim.MakeAsync(cloud);
        secrets.Add(victim.Token);
        var (access, secret) = await victim.KeyAsync();
        secrets.AddRange([access, secret]);
        secrets.Add((await Victim.AskAsync(cloud, access, secret)).ShouldBe(200).Headers["X-Subject-Token"]);
        (await Victim.AskAsync(cloud, access, create("secret"))).ShouldBe(401);
        (await Victim.AskAsync(cloud, create("access"), secret)).ShouldBe(404);
        var blob = (string)(await cloud.PostAsync($"{V3}/credentials", new JsonObject
        {
            ["credential"] = new JsonObject { ["type"] = "totp", ["user_id"] = victim.User, ["blob"] = create("seed") },
        }.ToJsonString(), victim.Token)).ShouldBe(201).Json["credential"]!["id"]!;
        (await cloud.PatchAsync($"{V3}/credentials/{blob}", new JsonObject { ["credential"] = new JsonObject { ["blob"] = create("seed") } }.ToJsonString(), victim.Token))
            .ShouldBe(200);
        var made = (await cloud.PostAsync($"{V3}/users/{victim.User}/application_credentials", new JsonObject
        {
            ["application_credential"] = new JsonObject { ["name"] = "robot", ["secret"] = create("robot") },
        }.ToJsonString(), victim.Token)).ShouldBe(201).Json["application_credential"]!;
        foreach (var given in new[] { (string)made["secret"]!, create("wrong") })
            await cloud.PostAsync($"{V3}/auth/tokens", $$$"""
                {"auth": {"identity": {"methods": ["application_credential"], "application_credential": {"id": "{{{made["id"]}}}", "secret": "{{{given}}}"} } } }
                """, "");
        await cloud.SendAsync(HttpMethod.Post, $"{V3}/OS-OAUTH2/token", null, "", ("Authorization", $"Basic {create("basic")}"));
    }

    private static async Task UseOthersAsync(TestCloud cloud, Func<string, string> create, List<string> secrets)
    {
        secrets.Add((string)(await cloud.PostAsync($"{V3}/OS-OAUTH1/consumers", """{"consumer": {"description": "c"} }""")).ShouldBe(201).Json["consumer"]!["secret"]!);
        (await cloud.PutAsync($"{V3}/domains/default/config", new JsonObject
        {
            ["config"] = new JsonObject { ["ldap"] = new JsonObject { ["url"] = "ldap://localhost", ["password"] = create("ldap") }, ["identity"] = new JsonObject { ["driver"] = "ldap" } },
        }.ToJsonString())).ShouldBe(201);
        await cloud.SendAsync(
            HttpMethod.Post, $"{V3}/OS-FEDERATION/identity_providers/x/protocols/openid/auth", null, "", ("Authorization", $"Bearer {create("assertion")}"));
        (await cloud.PostAsync("/compute/v2.1/os-keypairs", """{"keypair": {"name": "k"} }""")).ShouldBe(200);
        await cloud.PostAsync("/compute/v2.1/servers", new JsonObject
        {
            ["server"] = new JsonObject { ["name"] = "s", ["flavorRef"] = "1", ["imageRef"] = "i", ["networks"] = "none", ["adminPass"] = create("admin"), ["user_data"] = create("data") },
        }.ToJsonString());
        await cloud.SendAsync(HttpMethod.Get, $"/identity/v3/users?password={create("query")}", null, null, ("User-Agent", "agent/1"));
    }
}
