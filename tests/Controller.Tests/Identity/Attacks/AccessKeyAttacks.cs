using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity.Attacks;

/// <summary>Attacks on EC2 and S3 access keys, and on other kept credentials; docs/security.md says what each was.</summary>
public class AccessKeyAttacks
{
    [Fact]
    public async Task OSSA_2025_002_a_presigned_request_gets_nothing_from_who_is_nobody()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var (access, secret) = await victim.KeyAsync();
        (await Victim.AskAsync(cloud, access, secret)).ShouldBe(200);
        (await Victim.AskAsync(cloud, access, secret, token: "")).ShouldBe(401);
        (await Victim.AskAsync(cloud, access, secret, token: victim.Token)).ShouldBe(403);
        (await cloud.PostAsync($"{V3}/s3tokens", $$"""{"credentials": {"access": "{{access}}", "token": "", "signature": ""} }""", "")).ShouldBe(401);
        (await cloud.PostAsync($"{V3}/s3tokens", $$"""{"credentials": {"access": "{{access}}", "token": "", "signature": ""} }""", victim.Token)).ShouldBe(403);
    }

    [Fact]
    public async Task OSSA_2020_003_a_sniffed_signature_is_not_replayed_later_nor_with_another_time_put_in()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (access, secret) = await (await Victim.MakeAsync(cloud)).KeyAsync();
        var now = DateTimeOffset.UtcNow;
        var fresh = now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

        (await Victim.AskAsync(cloud, access, secret, now.AddMinutes(-20))).ShouldBe(401);
        // With POST the parameters are no part of what is signed.
        (await Victim.AskAsync(cloud, access, secret, now.AddMinutes(-20), "POST", signed => signed["params"]!["Timestamp"] = fresh)).ShouldBe(401);
        (await Victim.AskAsync(cloud, access, secret, now.AddMinutes(-20), "POST", signed => signed["params"]!["X-Amz-Date"] = fresh)).ShouldBe(401);
        (await Victim.AskAsync(cloud, access, secret, now.AddMinutes(-20), "POST", signed => signed["headers"]!["X-Amz-Date"] = fresh)).ShouldBe(401);
        (await Victim.AskAsync(cloud, access, secret, now.AddDays(30), "POST")).ShouldBe(401);
        (await Victim.AskAsync(cloud, access, secret, now, "POST")).ShouldBe(200);
    }

    [Fact]
    public async Task OSSA_2020_004_an_owner_does_not_move_its_key_to_another_user_project_or_delegation()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (eve, admin) = (await Victim.MakeAsync(cloud, "eve"), (string)(await cloud.GetAsync($"{V3}/users?name=admin")).Json["users"]![0]!["id"]!);
        var adminProject = (string)(await cloud.GetAsync($"{V3}/projects?name=admin")).Json["projects"]![0]!["id"]!;
        var (access, secret) = await eve.KeyAsync();
        var key = $"{V3}/credentials/{(string)(await cloud.GetAsync($"{V3}/credentials", eve.Token)).Json["credentials"]![0]!["id"]!}";
        JsonNode[] changes =
        [
            new JsonObject { ["user_id"] = admin }, new JsonObject { ["project_id"] = adminProject }, new JsonObject { ["type"] = "totp" },
            new JsonObject { ["user_id"] = admin, ["project_id"] = adminProject },
            new JsonObject { ["blob"] = $$"""{"access": "{{access}}", "secret": "{{secret}}", "trust_id": "t"}""" },
            new JsonObject { ["blob"] = $$"""{"access": "{{access}}", "secret": "{{secret}}", "app_cred_id": "a"}""" },
        ];

        foreach (var change in changes)
            Assert.InRange((await cloud.PatchAsync(key, new JsonObject { ["credential"] = change }.ToJsonString(), eve.Token)).Status, 400, 403);

        var answer = (await Victim.AskAsync(cloud, access, secret)).ShouldBe(200);
        Assert.Equal((eve.User, eve.Project), ((string?)answer.Json["token"]!["user"]!["id"], (string?)answer.Json["token"]!["project"]!["id"]));
    }

    [Fact]
    public async Task OSSA_2020_004_a_key_made_by_a_delegation_is_bound_by_it_whatever_is_written_in()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var other = await Victim.MakeAsync(cloud, "bob");
        // A trust that the application credential's user could use, of more than the credential.
        await cloud.GrantAsync($"projects/{victim.Project}/users/{other.User}", "member");
        var trust = await (other with { Project = victim.Project, Token = await cloud.TokenOfAsync(other.User, Victim.Password, OnProject(victim.Project)) })
            .TrustAsync(victim.User, isImpersonating: false);
        var robot = await victim.RobotAsync(isUnrestricted: true);
        var blob = new JsonObject { ["access"] = "robotkey", ["secret"] = "robotsecret", ["trust_id"] = trust }.ToJsonString();
        (await cloud.PostAsync($"{V3}/credentials", new JsonObject
        {
            ["credential"] = new JsonObject { ["type"] = "ec2", ["user_id"] = victim.User, ["project_id"] = victim.Project, ["blob"] = blob },
        }.ToJsonString(), robot)).ShouldBe(201);

        var answer = (await Victim.AskAsync(cloud, "robotkey", "robotsecret")).ShouldBe(200);

        Assert.NotNull(answer.Json["token"]!["application_credential"]);
        Assert.Null(answer.Json["token"]!["OS-TRUST:trust"]);
    }

    [Fact]
    public async Task OSSA_2013_032_a_key_made_by_a_trust_gives_no_more_than_the_trust()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var eve = await Victim.MakeAsync(cloud, "eve");
        var trust = await victim.TrustAsync(eve.User, isImpersonating: true);
        var trusted = await TrustTokenAsync(cloud, eve.User, trust);
        (await cloud.PostAsync($"{V3}/credentials", new JsonObject
        {
            ["credential"] = new JsonObject
            {
                ["type"] = "ec2",
                ["user_id"] = victim.User,
                ["project_id"] = victim.Project,
                ["blob"] = """{"access": "evekey", "secret": "evesecret"}""",
            },
        }.ToJsonString(), trusted)).ShouldBe(201);

        Assert.Equal(["reader"], (await Victim.AskAsync(cloud, "evekey", "evesecret")).ShouldBe(200).RoleNames());
        (await cloud.DeleteAsync($"{V3}/OS-TRUST/trusts/{trust}", victim.Token)).ShouldBe(204);
        (await Victim.AskAsync(cloud, "evekey", "evesecret")).ShouldBe(401);
    }

    [Fact]
    public async Task OSSA_2026_005_a_restricted_application_credential_makes_no_keys()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var robot = await victim.RobotAsync();
        (await cloud.PostAsync($"{V3}/users/{victim.User}/credentials/OS-EC2", $$"""{"tenant_id": "{{victim.Project}}"}""", robot)).ShouldBe(403);
        foreach (var type in new[] { "ec2", "EC2" })
        {
            (await cloud.PostAsync($"{V3}/credentials", new JsonObject
            {
                ["credential"] = new JsonObject
                {
                    ["type"] = type,
                    ["user_id"] = victim.User,
                    ["project_id"] = victim.Project,
                    ["blob"] = """{"access": "a", "secret": "b"}""",
                },
            }.ToJsonString(), robot)).ShouldBe(403);
        }
    }

    // The key is worth its user's own roles: who acts with fewer must not read, change or delete it.
    [Theory]
    [InlineData("restricted")]
    [InlineData("unrestricted")]
    [InlineData("trust")]
    public async Task LP_2150089_a_delegation_does_not_reach_keys_that_are_worth_more_than_it(string kind)
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var (access, secret) = await victim.KeyAsync();
        var id = (string)(await cloud.GetAsync($"{V3}/credentials", victim.Token)).Json["credentials"]![0]!["id"]!;
        var token = kind switch
        {
            "trust" => await TrustTokenAsync(cloud, await cloud.CreateUserAsync("eve"), await victim.TrustAsync(
                (string)(await cloud.GetAsync($"{V3}/users?name=eve")).Json["users"]![0]!["id"]!, isImpersonating: true)),
            _ => await victim.RobotAsync(isUnrestricted: kind == "unrestricted"),
        };

        TestAnswer[] answers =
        [
            await cloud.GetAsync($"{V3}/credentials", token), await cloud.GetAsync($"{V3}/credentials/{id}", token),
            await cloud.GetAsync($"{V3}/users/{victim.User}/credentials/OS-EC2", token),
            await cloud.GetAsync($"{V3}/users/{victim.User}/credentials/OS-EC2/{access}", token),
            await cloud.PatchAsync($"{V3}/credentials/{id}", """{"credential": {"blob": "{\"access\": \"x\", \"secret\": \"mine\"}"} }""", token),
            await cloud.DeleteAsync($"{V3}/credentials/{id}", token),
            await cloud.DeleteAsync($"{V3}/users/{victim.User}/credentials/OS-EC2/{access}", token),
        ];

        Assert.All(answers, answer => Assert.DoesNotContain(secret, answer.Text, StringComparison.Ordinal));
        Assert.All(answers.Where(static (_, place) => place is 1 or >= 3), static answer => answer.ShouldBe(403));
        (await Victim.AskAsync(cloud, access, secret)).ShouldBe(200);
    }

    [Theory]
    [InlineData("disable the user")]
    [InlineData("delete the user")]
    [InlineData("disable the project")]
    [InlineData("take the role away")]
    public async Task OSSA_2013_005_and_2012_018_a_key_ends_with_its_user_its_project_and_its_role(string change)
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var (access, secret) = await victim.KeyAsync();
        var brought = (await Victim.AskAsync(cloud, access, secret)).ShouldBe(200).Headers["X-Subject-Token"];
        Assert.Equal(200, (await cloud.GetAsync("/compute/v2.1/flavors", brought)).Status);

        Assert.InRange((change switch
        {
            "disable the user" => await cloud.PatchAsync($"{V3}/users/{victim.User}", """{"user": {"enabled": false} }"""),
            "delete the user" => await cloud.DeleteAsync($"{V3}/users/{victim.User}"),
            "disable the project" => await cloud.PatchAsync($"{V3}/projects/{victim.Project}", """{"project": {"enabled": false} }"""),
            _ => await cloud.DeleteAsync($"{V3}/projects/{victim.Project}/users/{victim.User}/roles/{await cloud.RoleIdAsync("member")}"),
        }).Status, 200, 204);

        Assert.InRange((await Victim.AskAsync(cloud, access, secret)).Status, 401, 404);
        Assert.Equal(401, (await cloud.GetAsync("/compute/v2.1/flavors", brought)).Status);
    }

    [Fact]
    public async Task OSSA_2019_006_nobody_lists_or_reads_the_credentials_of_others()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var eve = await cloud.CreateUserAsync("eve");
        await cloud.GrantAsync($"projects/{victim.Project}/users/{eve}", "member");
        await victim.KeyAsync();
        var hers = await cloud.TokenOfAsync(eve, "secret", OnProject(victim.Project));
        var id = (string)(await cloud.GetAsync($"{V3}/credentials", victim.Token)).Json["credentials"]![0]!["id"]!;
        foreach (var query in new[] { "", $"?user_id={victim.User}", "?type=ec2", "?limit=1" })
            Assert.Empty((await cloud.GetAsync($"{V3}/credentials{query}", hers)).ShouldBe(200).Json["credentials"]!.AsArray());
        (await cloud.GetAsync($"{V3}/credentials/{id}", hers)).ShouldBe(403);
        (await cloud.GetAsync($"{V3}/users/{victim.User}/credentials/OS-EC2", hers)).ShouldBe(403);
    }

    internal static async Task<string> TrustTokenAsync(TestCloud cloud, string trustee, string trust) => (await cloud.LogInAsync(
        trustee, Victim.Password, new JsonObject { ["OS-TRUST:trust"] = new JsonObject { ["id"] = trust } })).ShouldBe(201).Headers["X-Subject-Token"];
}
