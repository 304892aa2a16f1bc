using System.Text.Json.Nodes;
using Appliance.Controller.Identity.Auth.Methods;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class MultiFactorTests
{
    private const string Seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    // RFC 6238, appendix B: the last six of the eight digits.
    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    public void Passcodes_are_those_of_the_RFC(long seconds, string passcode)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(seconds);
        Assert.True(Totp.Fits(Seed, passcode, now));
        Assert.True(Totp.Fits(Seed, passcode, now.AddSeconds(30)));
        Assert.False(Totp.Fits(Seed, passcode, now.AddSeconds(60)));
        Assert.False(Totp.Fits(Seed, "", now));
        Assert.False(Totp.Fits("not base 32!", passcode, now));
    }

    [Fact]
    public async Task A_user_with_rules_needs_all_methods_of_one()
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await UserAsync(cloud, """[["password", "totp"]]""");

        var partial = (await LogInAsync(cloud, user, password: "secret")).ShouldBe(401);
        (await LogInAsync(cloud, user, passcode: Passcode())).ShouldBe(401);
        (await LogInAsync(cloud, user, password: "secret", passcode: "000000x")).ShouldBe(401);
        var whole = (await LogInAsync(cloud, user, password: "secret", passcode: Passcode())).ShouldBe(201);

        Assert.Equal(["password", "totp"], partial.Json["required_auth_methods"]![0]!.AsArray().Select(static method => (string?)method).Order());
        Assert.Equal("password", (string?)partial.Json["receipt"]!["methods"]![0]);
        Assert.Equal(user, (string?)partial.Json["receipt"]!["user"]!["id"]);
        Assert.Equal(["password", "totp"], whole.Json["token"]!["methods"]!.AsArray().Select(static method => (string?)method).Order());
    }

    [Fact]
    public async Task A_receipt_is_gone_on_from_and_is_no_token()
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await UserAsync(cloud, """[["password", "totp"]]""");
        var other = await UserAsync(cloud, """[["password", "totp"]]""", "bob");
        var receipt = (await LogInAsync(cloud, user, password: "secret")).ShouldBe(401).Headers["Openstack-Auth-Receipt"];

        Assert.Equal(401, await cloud.UseAsync(receipt));
        (await LogInAsync(cloud, other, passcode: Passcode(), receipt: receipt)).ShouldBe(401);
        (await LogInAsync(cloud, user, passcode: Passcode(), receipt: "forged")).ShouldBe(401);
        var token = (await LogInAsync(cloud, user, passcode: Passcode(), receipt: receipt)).ShouldBe(201).Headers["X-Subject-Token"];
        (await LogInAsync(cloud, user, passcode: Passcode(), receipt: token)).ShouldBe(401);

        (await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"password": "other"} }""")).ShouldBe(200);
        (await LogInAsync(cloud, user, passcode: Passcode(), receipt: receipt)).ShouldBe(401);
    }

    [Theory]
    [InlineData("""[["password"], ["totp"]]""", null, 201)]
    [InlineData("""[["password", "fingerprint"]]""", null, 201)]
    [InlineData("""[["fingerprint"]]""", null, 201)]
    [InlineData("""[["totp"]]""", null, 401)]
    [InlineData("""[["totp"]]""", false, 201)]
    public async Task Rules_count_as_far_as_their_methods_exist(string rules, bool? isEnabled, int status)
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await UserAsync(cloud, rules);
        if (isEnabled is not null)
            (await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"options": {"multi_factor_auth_enabled": false} } }""")).ShouldBe(200);
        (await LogInAsync(cloud, user, password: "secret")).ShouldBe(status);
    }

    [Fact]
    public async Task A_token_that_was_proven_in_full_is_rescoped_without_proving_again()
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await UserAsync(cloud, """[["password", "totp"]]""");
        var token = (await LogInAsync(cloud, user, password: "secret", passcode: Passcode())).ShouldBe(201).Headers["X-Subject-Token"];
        (await cloud.PostAsync($"{V3}/auth/tokens", $$$"""{"auth": {"identity": {"methods": ["token"], "token": {"id": "{{{token}}}"} } } }""", ""))
            .ShouldBe(201);
    }

    private static string Passcode() => Totp.Generate(Totp.DecodeBase32(Seed), DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 30);

    private static async Task<string> UserAsync(TestCloud cloud, string rules, string name = "ann")
    {
        var user = await cloud.CreateUserAsync(name);
        (await cloud.PatchAsync($"{V3}/users/{user}", $$$"""{"user": {"options": {"multi_factor_auth_rules": {{{rules}}}} } }""")).ShouldBe(200);
        await cloud.CreateAsync("credentials", "credential", new() { ["type"] = "totp", ["user_id"] = user, ["blob"] = Seed });
        return user;
    }

    private static Task<TestAnswer> LogInAsync(
        TestCloud cloud, string user, string? password = null, string? passcode = null, string? receipt = null)
    {
        var identity = new JsonObject { ["methods"] = new JsonArray() };
        foreach (var (method, member, proof) in new[] { ("password", "password", password), ("totp", "passcode", passcode) })
        {
            if (proof is null)
                continue;
            identity["methods"]!.AsArray().Add((JsonNode?)method);
            identity[method] = new JsonObject { ["user"] = new JsonObject { ["id"] = user, [member] = proof } };
        }

        var body = new JsonObject { ["auth"] = new JsonObject { ["identity"] = identity } }.ToJsonString();
        return receipt is null
            ? cloud.PostAsync($"{V3}/auth/tokens", body, "")
            : cloud.SendAsync(HttpMethod.Post, $"{V3}/auth/tokens", body, "", ("Openstack-Auth-Receipt", receipt));
    }
}
