using System.Text.Json.Nodes;
using Appliance.Controller.Identity.Settings;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

/// <summary><c>federated</c> of users: who they are at identity providers.</summary>
public class FederatedLinkTests
{
    private const string Ann = """[{"idp_id": "corp", "protocols": [{"protocol_id": "openid", "unique_id": "0001"}]}]""";

    [Fact]
    public async Task A_link_is_kept_shown_found_replaced_and_gone_with_the_user()
    {
        await using var cloud = await StartAsync();
        var made = await cloud.PostAsync($"{V3}/users", $$"""{"user": {"name": "ann", "federated": {{Ann}} } }""");
        var id = (string)made.ShouldBe(201).Json["user"]!["id"]!;
        await cloud.CreateUserAsync("bob");

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Ann), made.Json["user"]!["federated"]));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Ann), (await cloud.GetAsync($"{V3}/users/{id}")).Json["user"]!["federated"]));
        Assert.Equal(["ann"], await NamesAsync(cloud, "idp_id=corp&protocol_id=openid&unique_id=0001"));
        Assert.Equal(["ann"], await NamesAsync(cloud, "unique_id=0001&name=ann"));
        Assert.Empty(await NamesAsync(cloud, "idp_id=corp&unique_id=0002"));
        Assert.Empty(await NamesAsync(cloud, "idp_id=corp&name=bob"));

        var two = """[{"idp_id": "corp", "protocols": [{"protocol_id": "openid", "unique_id": "0002"}, {"protocol_id": "saml2", "unique_id": "x"}]}]""";
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(two),
            (await cloud.PatchAsync($"{V3}/users/{id}", $$"""{"user": {"federated": {{two}} } }""")).ShouldBe(200).Json["user"]!["federated"]));
        Assert.Equal(2, (await cloud.PatchAsync($"{V3}/users/{id}", """{"user": {"federated": [], "description": "d"} }""")).ShouldBe(200)
            .Json["user"]!["federated"]![0]!["protocols"]!.AsArray().Count);
        (await cloud.PatchAsync($"{V3}/users/{id}", $$"""{"user": {"federated": {{Ann}} } }""")).ShouldBe(200);
        (await cloud.PostAsync($"{V3}/users", $$"""{"user": {"name": "eve", "federated": {{Ann}} } }"""))
            .ShouldBeFault(409, "error", "Conflict occurred attempting to store federated_user");
        Assert.Empty(await NamesAsync(cloud, "name=eve"));
        (await cloud.DeleteAsync($"{V3}/users/{id}")).ShouldBe(204);
        Assert.Empty(await NamesAsync(cloud, "idp_id=corp"));
    }

    [Fact]
    public async Task A_link_to_what_there_is_not_is_refused()
    {
        (string Federated, string Words)[] bad =
        [
            ("""[{"idp_id": "nobody", "protocols": [{"protocol_id": "openid", "unique_id": "1"}]}]""", "Could not find Identity Provider: nobody"),
            ("""[{"idp_id": "corp", "protocols": [{"protocol_id": "none", "unique_id": "1"}]}]""",
                "Could not find federated protocol none for Identity Provider: corp."),
            ("""[{"idp_id": "corp", "protocols": []}]""", "[] is too short"),
            ("""[{"idp_id": "corp"}]""", "'protocols' is a required property"),
            ("""[{"idp_id": "corp", "protocols": [{"protocol_id": "openid"}]}]""", "'unique_id' is a required property"),
            ("\"corp\"", "'corp' is not of type 'array'"),
        ];
        await using var cloud = await StartAsync();
        var user = await cloud.CreateUserAsync("ann");
        foreach (var (federated, words) in bad)
        {
            (await cloud.PostAsync($"{V3}/users", $$"""{"user": {"name": "bob", "federated": {{federated}} } }""")).ShouldBeFault(400, "error", words);
            (await cloud.PatchAsync($"{V3}/users/{user}", $$"""{"user": {"federated": {{federated}} } }""")).ShouldBeFault(400, "error", words);
        }

        Assert.Empty(await NamesAsync(cloud, "name=bob"));
    }

    [Fact]
    public async Task A_linked_user_logs_in_by_either_way_and_outlives_the_provider()
    {
        await using var provider = new ForgedProvider();
        await using var cloud = await StartAsync(provider.Issuer);
        var user = await cloud.CreateAsync("users", "user", new() { ["name"] = "ann", ["password"] = "secret", ["federated"] = JsonNode.Parse(Ann) });
        var group = await cloud.CreateAsync("groups", "group", new() { ["name"] = "none" });

        var own = (await cloud.LogInAsync(user, "secret")).ShouldBe(201);
        var federated = (await LogInAsync(cloud, provider)).ShouldBe(201);
        Assert.Null(own.Json["token"]!["user"]!["OS-FEDERATION"]);
        Assert.Equal(user, (string?)federated.Json["token"]!["user"]!["id"]);
        Assert.Equal("corp", (string?)federated.Json["token"]!["user"]!["OS-FEDERATION"]!["identity_provider"]!["id"]);
        Assert.Equal(group, (string?)(await cloud.GetAsync($"{V3}/users/{user}/groups")).Json["groups"]![0]!["id"]);

        (await cloud.SendAsync(HttpMethod.Head, $"{V3}/groups/{group}/users/{user}")).ShouldBe(204);

        (await cloud.PatchAsync($"{V3}/OS-FEDERATION/identity_providers/corp", """{"identity_provider": {"enabled": false} }""")).ShouldBe(200);
        Assert.Equal(401, await cloud.UseAsync(federated.Headers["X-Subject-Token"]));
        (await LogInAsync(cloud, provider)).ShouldBe(401);
        (await cloud.LogInAsync(user, "secret")).ShouldBe(201);
        (await cloud.DeleteAsync($"{V3}/OS-FEDERATION/identity_providers/corp")).ShouldBe(204);
        (await cloud.LogInAsync(user, "secret")).ShouldBe(201);
        Assert.Null((await cloud.GetAsync($"{V3}/users/{user}")).ShouldBe(200).Json["user"]!["federated"]);
        Assert.Empty((await cloud.GetAsync($"{V3}/users/{user}/groups")).Json["groups"]!.AsArray());
        (await cloud.SendAsync(HttpMethod.Head, $"{V3}/groups/{group}/users/{user}")).ShouldBe(404);
    }

    [Fact]
    public async Task Who_lives_by_a_providers_word_is_called_what_it_says_now()
    {
        await using var provider = new ForgedProvider();
        await using var cloud = await StartAsync(provider.Issuer);
        var user = (string?)(await LogInAsync(cloud, provider)).ShouldBe(201).Json["token"]!["user"]!["id"];
        var again = (await LogInAsync(cloud, provider, static claims => claims["preferred_username"] = "ann-marie")).ShouldBe(201).Json["token"]!["user"]!;
        Assert.Equal((user, "ann-marie"), ((string?)again["id"], (string?)again["name"]));
    }

    [Fact]
    public async Task Roles_in_projects_follow_what_the_provider_says_now()
    {
        await using var provider = new ForgedProvider();
        await using var cloud = await StartAsync(provider.Issuer);
        (await cloud.PatchAsync($"{V3}/OS-FEDERATION/mappings/m",
            """
            {"mapping": {"schema_version": "3.0", "rules": [{"local": [{"user": {"name": "{0}"}, "projects_json": "{1}", "domain": {"id": "default"} }],
              "remote": [{"type": "OIDC-sub"}, {"type": "OIDC-projects"}]}]} }
            """)).ShouldBe(200);
        async Task<string[]> LogInAsync(string projects)
        {
            var login = (await FederatedLinkTests.LogInAsync(cloud, provider, claims => claims["projects"] = JsonNode.Parse(projects))).ShouldBe(201);
            var seen = await cloud.GetAsync($"{V3}/auth/projects", login.Headers["X-Subject-Token"]);
            return [.. seen.ShouldBe(200).Json["projects"]!.AsArray().Select(static project => (string)project!["name"]!).Order()];
        }

        Assert.Equal(["mail", "web"],
            await LogInAsync("""[{"name": "web", "roles": [{"name": "member"}]}, {"name": "mail", "roles": [{"name": "reader"}]}]"""));
        Assert.Equal(["web"], await LogInAsync("""[{"name": "web", "roles": [{"name": "reader"}]}]"""));
        (await FederatedLinkTests.LogInAsync(cloud, provider, static claims => claims["projects"] = "admin")).ShouldBe(401);
        (await FederatedLinkTests.LogInAsync(cloud, provider, static claims =>
            claims["projects"] = JsonNode.Parse("""[{"name": "web", "roles": [{"name": "nobody"}]}]"""))).ShouldBe(401);
    }

    private static async Task<string?[]> NamesAsync(TestCloud cloud, string query) =>
        [.. (await cloud.GetAsync($"{V3}/users?{query}")).ShouldBe(200).Json["users"]!.AsArray().Select(static user => (string?)user!["name"])];

    private static Task<TestAnswer> LogInAsync(TestCloud cloud, ForgedProvider provider, Action<JsonObject>? change = null) => cloud.SendAsync(
        HttpMethod.Post, $"{V3}/OS-FEDERATION/identity_providers/corp/protocols/openid/auth", null, "",
        ("Authorization", $"Bearer {provider.Sign(change: change)}"));

    private static async Task<TestCloud> StartAsync(string issuer = "https://corp.example")
    {
        var cloud = await TestCloud.StartAsync(configure: static options => options with
        {
            Identity = new IdentitySettings { Federation = new() { BearerAudiences = ["appliance"] } },
        });
        const string Path = $"{V3}/OS-FEDERATION";
        (await cloud.PutAsync($"{Path}/identity_providers/corp", $$"""{"identity_provider": {"enabled": true, "remote_ids": ["{{issuer}}"]} }""")).ShouldBe(201);
        (await cloud.PutAsync($"{Path}/mappings/m",
            """
            {"mapping": {"rules": [{"local": [{"user": {"name": "{0}", "id": "{1}"} }, {"groups": "{2}", "domain": {"id": "default"} }],
              "remote": [{"type": "OIDC-preferred_username"}, {"type": "OIDC-sub"}, {"type": "OIDC-groups"}]}]} }
            """)).ShouldBe(201);
        foreach (var protocol in new[] { "openid", "saml2" })
            (await cloud.PutAsync($"{Path}/identity_providers/corp/protocols/{protocol}", """{"protocol": {"mapping_id": "m"} }""")).ShouldBe(201);
        return cloud;
    }
}
