using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity.Attacks;

/// <summary>Attempts to get more by a delegation than was delegated, or for longer.</summary>
public class DelegationAttacks
{
    [Theory]
    [InlineData("trust")]
    [InlineData("restricted")]
    [InlineData("unrestricted")]
    public async Task OSSA_2014_018_a_delegation_makes_no_wider_delegation(string kind)
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var eve = await Victim.MakeAsync(cloud, "eve");
        var token = kind == "trust"
            ? await AccessKeyAttacks.TrustTokenAsync(cloud, eve.User, await victim.TrustAsync(eve.User, isImpersonating: true, canGoOn: true))
            : await victim.RobotAsync(isUnrestricted: kind == "unrestricted");

        // The victim has the member role; the delegation is for reading only.
        (await cloud.PostAsync($"{V3}/OS-TRUST/trusts", new JsonObject
        {
            ["trust"] = victim.TrustBody(victim.User, eve.User, isImpersonating: true, role: "member"),
        }.ToJsonString(), token)).ShouldBe(403);
        var wider = await cloud.PostAsync($"{V3}/users/{victim.User}/application_credentials",
            """{"application_credential": {"name": "wider", "roles": [{"name": "member"}]} }""", token);
        Assert.True(wider.Status is 400 or 403, $"{wider.Status}: {wider.Text}");
        (await Victim.RescopeAsync(cloud, token, OnProject(victim.Project))).ShouldBe(403);
        (await cloud.PutAsync($"{V3}/OS-OAUTH1/authorize/x", """{"roles": [{"name": "member"}]}""", token)).ShouldBe(403);
    }

    [Fact]
    public async Task OSSA_2014_022_a_trust_is_for_its_own_project_whatever_its_trustor_may_elsewhere()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var eve = await Victim.MakeAsync(cloud, "eve");
        var other = await cloud.CreateProjectAsync("other");
        await cloud.GrantAsync($"projects/{other}/users/{victim.User}", "member");
        var trust = await victim.TrustAsync(eve.User, isImpersonating: true);

        var both = await cloud.LogInAsync(eve.User, Victim.Password, new JsonObject
        {
            ["OS-TRUST:trust"] = new JsonObject { ["id"] = trust },
            ["project"] = new JsonObject { ["id"] = other },
        });
        both.ShouldBe(400);
        (await Victim.RescopeAsync(cloud, await AccessKeyAttacks.TrustTokenAsync(cloud, eve.User, trust), OnProject(other))).ShouldBe(403);
    }

    [Fact]
    public async Task CVE_2022_2447_a_token_does_not_outlive_its_application_credential()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var end = DateTimeOffset.UtcNow.AddMinutes(2);
        var made = (await cloud.PostAsync($"{V3}/users/{victim.User}/application_credentials",
            $$$"""{"application_credential": {"name": "short", "expires_at": "{{{end:yyyy-MM-dd'T'HH:mm:ss}}}"} }""", victim.Token)).ShouldBe(201).Json["application_credential"]!;
        var login = (await cloud.PostAsync($"{V3}/auth/tokens", $$$"""
            {"auth": {"identity": {"methods": ["application_credential"], "application_credential": {"id": "{{{made["id"]}}}", "secret": "{{{made["secret"]}}}"} } } }
            """, "")).ShouldBe(201);
        Assert.True((DateTimeOffset)login.Json["token"]!["expires_at"]! <= end, login.Text);
    }

    [Fact]
    public async Task LP_1901207_application_credentials_are_their_users_alone()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (victim, eve) = (await Victim.MakeAsync(cloud), await Victim.MakeAsync(cloud, "eve"));
        await victim.RobotAsync();
        var id = (string)(await cloud.GetAsync($"{V3}/users/{victim.User}/application_credentials", victim.Token)).Json["application_credentials"]![0]!["id"]!;
        foreach (var user in new[] { victim.User, eve.User })
        {
            Assert.InRange((await cloud.GetAsync($"{V3}/users/{user}/application_credentials/{id}", eve.Token)).Status, 403, 404);
            Assert.InRange((await cloud.DeleteAsync($"{V3}/users/{user}/application_credentials/{id}", eve.Token)).Status, 403, 404);
        }

        (await cloud.GetAsync($"{V3}/users/{victim.User}/application_credentials/{id}", victim.Token)).ShouldBe(200);
    }

    // Body members must not stand in for what is read from the database or the path.
    [Fact]
    public async Task LP_2148398_a_body_does_not_say_what_a_policy_is_asked_about()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (victim, eve) = (await Victim.MakeAsync(cloud), await Victim.MakeAsync(cloud, "eve"));
        var body = $$"""
            {"tenant_id": "{{victim.Project}}", "user_id": "{{eve.User}}", "target": {"credential": {"user_id": "{{eve.User}}"}, "user": {"id": "{{eve.User}}"} } }
            """;
        (await cloud.PostAsync($"{V3}/users/{victim.User}/credentials/OS-EC2", body, eve.Token)).ShouldBe(403);
        (await cloud.PatchAsync($"{V3}/users/{victim.User}", $$"""{"user": {"name": "x"}, {{body.Trim()[1..]}}""", eve.Token)).ShouldBe(403);
    }

    [Fact]
    public async Task OSSA_2012_013_a_default_project_brings_no_role()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (victim, eve) = (await Victim.MakeAsync(cloud), await cloud.CreateUserAsync("eve"));
        (await cloud.PatchAsync($"{V3}/users/{eve}", $$"""{"user": {"default_project_id": "{{victim.Project}}"} }""")).ShouldBe(200);
        Assert.Null((await cloud.LogInAsync(eve, "secret")).ShouldBe(201).Json["token"]!["project"]);
        (await cloud.LogInAsync(eve, "secret", OnProject(victim.Project))).ShouldBe(401);
    }
}
