using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class FederationTests
{
    private const string Rules = """[{"local": [{"user": {"name": "{0}"} }], "remote": [{"type": "OIDC-sub"}]}]""";

    [Fact]
    public async Task A_provider_lives_in_a_domain_and_its_remote_ids_are_its_own()
    {
        await using var cloud = await TestCloud.StartAsync();
        var path = $"{V3}/OS-FEDERATION/identity_providers";
        var made = (await cloud.PutAsync($"{path}/corp", """{"identity_provider": {"enabled": true, "remote_ids": ["b", "a"]} }"""))
            .ShouldBe(201).Json["identity_provider"]!;
        (await cloud.PutAsync($"{path}/corp", """{"identity_provider": {} }""")).ShouldBeFault(409, "error", "Duplicate entry: corp");
        (await cloud.PutAsync($"{path}/other", """{"identity_provider": {"remote_ids": ["a"]} }""")).ShouldBeFault(409, "error", "Duplicate remote ID: a");
        (await cloud.PutAsync($"{path}/other", """{"identity_provider": {"domain_id": "nowhere"} }""")).ShouldBe(404);
        (await cloud.PutAsync($"{path}/other", """{"identity_provider": {"surprise": 1} }""")).ShouldBe(400);

        Assert.EndsWith("/identity_providers/corp/protocols", (string?)made["links"]!["protocols"], StringComparison.Ordinal);
        Assert.Equal(200, (await cloud.GetAsync($"{V3}/domains/{made["domain_id"]}")).Status);
        Assert.Equal(["c"], (await cloud.PatchAsync($"{path}/corp", """{"identity_provider": {"remote_ids": ["c"], "enabled": false} }""")).ShouldBe(200)
            .Json["identity_provider"]!["remote_ids"]!.AsArray().Select(static id => (string?)id));
        Assert.Empty((await cloud.GetAsync($"{path}?enabled=true")).ShouldBe(200).Json["identity_providers"]!.AsArray());
        Assert.Single((await cloud.GetAsync($"{path}?id=corp")).Json["identity_providers"]!.AsArray());
        (await cloud.DeleteAsync($"{path}/corp")).ShouldBe(204);
        (await cloud.GetAsync($"{path}/corp")).ShouldBeFault(404, "error", "Could not find Identity Provider: corp.");
    }

    [Fact]
    public async Task A_protocol_needs_a_mapping_and_goes_with_its_provider()
    {
        await using var cloud = await TestCloud.StartAsync();
        var path = $"{V3}/OS-FEDERATION/identity_providers/corp";
        (await cloud.PutAsync(path, """{"identity_provider": {} }""")).ShouldBe(201);
        var protocol = """{"protocol": {"mapping_id": "m"} }""";
        (await cloud.PutAsync($"{path}/protocols/openid", protocol)).ShouldBeFault(400, "error", "Invalid mapping id: m");
        (await cloud.PutAsync($"{V3}/OS-FEDERATION/mappings/m", $$"""{"mapping": {"rules": {{Rules}}} }""")).ShouldBe(201);

        (await cloud.PutAsync($"{path}/protocols/openid", protocol)).ShouldBe(201);
        (await cloud.PutAsync($"{path}/protocols/openid", protocol)).ShouldBe(409);
        (await cloud.PatchAsync($"{path}/protocols/openid", """{"protocol": {"mapping_id": "m", "remote_id_attribute": "iss"} }""")).ShouldBe(200);

        var listed = Assert.Single((await cloud.GetAsync($"{path}/protocols")).ShouldBe(200).Json["protocols"]!.AsArray())!;
        Assert.Equal("iss", (string?)listed["remote_id_attribute"]);
        Assert.EndsWith("/identity_providers/corp", (string?)listed["links"]!["identity_provider"], StringComparison.Ordinal);
        (await cloud.DeleteAsync(path)).ShouldBe(204);
        (await cloud.GetAsync($"{path}/protocols/openid"))
            .ShouldBeFault(404, "error", "Could not find federated protocol openid for Identity Provider: corp.");
    }

    [Theory]
    [InlineData("""{"rules": []}""", "[] is too short")]
    [InlineData("""{}""", "'rules' is a required property")]
    [InlineData("""{"rules": [{"local": [{"user": {"name": 1} }], "remote": [{"type": "x"}]}]}""", "1 is not of type 'string'")]
    [InlineData("""{"rules": [{"local": [], "remote": [{"type": "x", "any_one_of": [], "not_any_of": []}]}]}""", "is not valid under any of the given schemas")]
    [InlineData("""{"schema_version": "1.0", "rules": [{"local": [{"projects_json": "x"}], "remote": [{"type": "x"}]}]}""", "'projects_json' was unexpected")]
    public async Task A_mapping_that_means_nothing_is_refused(string mapping, string words)
    {
        await using var cloud = await TestCloud.StartAsync();
        (await cloud.PutAsync($"{V3}/OS-FEDERATION/mappings/m", $$"""{"mapping": {{mapping}}}""")).ShouldBeFault(400, "error", words);
    }

    [Fact]
    public async Task Tokens_name_the_enabled_service_providers()
    {
        await using var cloud = await TestCloud.StartAsync();
        var path = $"{V3}/OS-FEDERATION/service_providers/beta";
        (await cloud.PutAsync(path, """{"service_provider": {"auth_url": "nonsense", "sp_url": "http://b/sp"} }""")).ShouldBe(400);
        var made = (await cloud.PutAsync(path, """{"service_provider": {"auth_url": "http://b/auth", "sp_url": "http://b/sp"} }""")).ShouldBe(201);
        var user = await cloud.CreateUserAsync("ann");
        Assert.Null((await cloud.LogInAsync(user, "secret")).Json["token"]!["service_providers"]);

        (await cloud.PatchAsync(path, """{"service_provider": {"enabled": true} }""")).ShouldBe(200);

        Assert.Equal("ss:mem:", (string?)made.Json["service_provider"]!["relay_state_prefix"]);
        Assert.Equal("beta", (string?)(await cloud.LogInAsync(user, "secret")).Json["token"]!["service_providers"]![0]!["id"]);
        (await cloud.DeleteAsync(path)).ShouldBe(204);
        (await cloud.GetAsync(path)).ShouldBeFault(404, "error", "Could not find Service Provider: beta.");
    }
}
