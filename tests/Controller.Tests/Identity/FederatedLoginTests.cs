using System.Buffers.Text;
using System.Text;
using Appliance.Controller.Identity.Settings;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

/// <summary>Logging in by the word of an OpenID provider: one on this machine, with keys, discovery and tokens of its own.</summary>
public class FederatedLoginTests
{
    private const string Rules = """
        [{"local": [{"user": {"name": "{0}", "id": "{1}", "email": "{0}@corp"} }, {"groups": "{2}", "domain": {"id": "default"} }],
          "remote": [{"type": "OIDC-preferred_username"}, {"type": "HTTP_OIDC_SUB"}, {"type": "OIDC_CLAIM_groups"}]}]
        """;

    [Fact]
    public async Task Who_the_provider_vouches_for_logs_in_with_the_roles_of_its_groups()
    {
        await using var provider = new ForgedProvider();
        await using var cloud = await StartAsync(provider);
        var project = await cloud.CreateProjectAsync("web");
        var group = await cloud.CreateAsync("groups", "group", new() { ["name"] = "bakers" });
        await cloud.GrantAsync($"projects/{project}/groups/{group}", "member");

        var login = (await LogInAsync(cloud, provider.Sign(groups: ["bakers", "unknown"]))).ShouldBe(201);
        var user = login.Json["token"]!["user"]!;
        var scoped = await RescopeAsync(cloud, login, project);

        Assert.Equal("ann", (string?)user["name"]);
        Assert.Equal("corp", (string?)user["OS-FEDERATION"]!["identity_provider"]!["id"]);
        Assert.Equal("openid", (string?)user["OS-FEDERATION"]!["protocol"]!["id"]);
        Assert.Equal(group, (string?)user["OS-FEDERATION"]!["groups"]![0]!["id"]);
        Assert.Equal("openid", (string?)login.Json["token"]!["methods"]![0]);
        Assert.Equal(["member", "reader"], scoped.ShouldBe(201).RoleNames().Order());
        Assert.Equal(project, (string?)(await cloud.GetAsync($"{V3}/OS-FEDERATION/projects", login.Headers["X-Subject-Token"])).Json["projects"]![0]!["id"]);
        var again = (await LogInAsync(cloud, provider.Sign(groups: ["unknown"]))).ShouldBe(201);
        Assert.Equal((string?)user["id"], (string?)again.Json["token"]!["user"]!["id"]);
        Assert.Equal(401, await cloud.UseAsync(scoped.Headers["X-Subject-Token"]));
    }

    [Theory]
    [InlineData("no token")]
    [InlineData("another audience")]
    [InlineData("another issuer")]
    [InlineData("expired")]
    [InlineData("not yet")]
    [InlineData("another key")]
    [InlineData("no signature")]
    [InlineData("a shared secret")]
    [InlineData("changed")]
    [InlineData("disabled provider")]
    [InlineData("unknown protocol")]
    public async Task Nobody_else_does(string how)
    {
        await using var provider = new ForgedProvider();
        await using var stranger = new ForgedProvider();
        await using var cloud = await StartAsync(provider);
        if (how == "disabled provider")
            (await cloud.PatchAsync($"{V3}/OS-FEDERATION/identity_providers/corp", """{"identity_provider": {"enabled": false} }""")).ShouldBe(200);
        var token = how switch
        {
            "no token" => "",
            "another audience" => provider.Sign(audience: "somebody-else"),
            "another issuer" => stranger.Sign(),
            "expired" => provider.Sign(lifetime: TimeSpan.FromMinutes(-2)),
            "not yet" => provider.Sign(notBefore: TimeSpan.FromMinutes(5)),
            "another key" => stranger.Sign(issuer: provider.Issuer),
            "no signature" => provider.Sign(algorithm: "none"),
            "a shared secret" => provider.Sign(algorithm: "HS256"),
            "changed" => Change(provider.Sign()),
            _ => provider.Sign(),
        };
        (await LogInAsync(cloud, token, how == "unknown protocol" ? "saml2" : "openid")).ShouldBe(401);
        Assert.Empty((await cloud.GetAsync($"{V3}/users?name=ann")).Json["users"]!.AsArray());
    }

    [Theory]
    [InlineData("disable the provider")]
    [InlineData("delete the provider")]
    [InlineData("delete the protocol")]
    public async Task Its_tokens_end_with_the_provider(string change)
    {
        await using var provider = new ForgedProvider();
        await using var cloud = await StartAsync(provider);
        var token = (await LogInAsync(cloud, provider.Sign())).ShouldBe(201).Headers["X-Subject-Token"];
        Assert.Equal(200, await cloud.UseAsync(token));
        var path = $"{V3}/OS-FEDERATION/identity_providers/corp";
        Assert.InRange((change switch
        {
            "disable the provider" => await cloud.PatchAsync(path, """{"identity_provider": {"enabled": false} }"""),
            "delete the provider" => await cloud.DeleteAsync(path),
            _ => await cloud.DeleteAsync($"{path}/protocols/openid"),
        }).Status, 200, 204);
        Assert.Equal(401, await cloud.UseAsync(token));
    }

    [Fact]
    public async Task A_name_that_somebody_has_does_not_become_that_somebody()
    {
        await using var provider = new ForgedProvider();
        await using var cloud = await StartAsync(provider, "default");
        var local = await cloud.CreateUserAsync("ann");
        var user = (await LogInAsync(cloud, provider.Sign())).ShouldBe(201).Json["token"]!["user"]!;
        Assert.NotEqual(local, (string?)user["id"]);
        Assert.Equal("ann@corp", (string?)user["name"]);
    }

    private static string Change(string token)
    {
        var parts = token.Split('.');
        var claims = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[1])).Replace("\"ann\"", "\"eve\"", StringComparison.Ordinal);
        return $"{parts[0]}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.{parts[2]}";
    }

    private static Task<TestAnswer> LogInAsync(TestCloud cloud, string token, string protocol = "openid") => cloud.SendAsync(
        HttpMethod.Post, $"{V3}/OS-FEDERATION/identity_providers/corp/protocols/{protocol}/auth", null, "", ("Authorization", $"Bearer {token}"));

    private static Task<TestAnswer> RescopeAsync(TestCloud cloud, TestAnswer login, string project) => cloud.PostAsync($"{V3}/auth/tokens",
        $$$"""
        {"auth": {"identity": {"methods": ["token"], "token": {"id": "{{{login.Headers["X-Subject-Token"]}}}"} }, "scope": {"project": {"id": "{{{project}}}"} } } }
        """, "");

    private static async Task<TestCloud> StartAsync(ForgedProvider provider, string? domain = null)
    {
        var cloud = await TestCloud.StartAsync(configure: static options => options with
        {
            Identity = new IdentitySettings { Federation = new() { BearerAudiences = ["appliance"] } },
        });
        var path = $"{V3}/OS-FEDERATION";
        (await cloud.PutAsync($"{path}/identity_providers/corp",
            $$"""{"identity_provider": {"enabled": true, "remote_ids": ["{{provider.Issuer}}"]{{(domain is null ? "" : $", \"domain_id\": \"{domain}\"")}} } }""")).ShouldBe(201);
        (await cloud.PutAsync($"{path}/mappings/m", $$"""{"mapping": {"rules": {{Rules}}} }""")).ShouldBe(201);
        (await cloud.PutAsync($"{path}/identity_providers/corp/protocols/openid", """{"protocol": {"mapping_id": "m"} }""")).ShouldBe(201);
        return cloud;
    }
}
