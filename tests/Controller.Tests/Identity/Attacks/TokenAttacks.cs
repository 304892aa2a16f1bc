using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity.Attacks;

/// <summary>Attempts to use tokens longer, for more, or after what they rest on has gone.</summary>
public class TokenAttacks
{
    [Fact]
    public async Task OSSA_2012_010_and_019_a_chain_of_tokens_ends_when_the_first_would_have()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var login = (await cloud.LogInAsync(victim.User, Victim.Password, OnProject(victim.Project))).ShouldBe(201);
        var (end, token) = ((string)login.Json["token"]!["expires_at"]!, login.Headers["X-Subject-Token"]);
        for (var i = 0; i < 3; i++)
        {
            var next = (await Victim.RescopeAsync(cloud, token, OnProject(victim.Project))).ShouldBe(201);
            Assert.Equal(end, (string)next.Json["token"]!["expires_at"]!);
            token = next.Headers["X-Subject-Token"];
        }
    }

    [Fact]
    public async Task OSSA_2016_008_every_token_of_a_chain_names_the_first()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var first = (await cloud.LogInAsync(victim.User, Victim.Password)).ShouldBe(201);
        var second = (await Victim.RescopeAsync(cloud, first.Headers["X-Subject-Token"], OnProject(victim.Project))).ShouldBe(201);
        var third = (await Victim.RescopeAsync(cloud, second.Headers["X-Subject-Token"], OnProject(victim.Project))).ShouldBe(201);
        var root = (string?)first.Json["token"]!["audit_ids"]![0];
        Assert.Equal(root, (string?)second.Json["token"]!["audit_ids"]![1]);
        Assert.Equal(root, (string?)third.Json["token"]!["audit_ids"]![1]);
        Assert.Equal(3, new[] { first, second, third }.Select(static one => (string?)one.Json["token"]!["audit_ids"]![0]).Distinct().Count());
    }

    [Fact]
    public async Task OSSA_2016_005_no_other_writing_of_a_revoked_token_is_a_token()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        (await cloud.SendAsync(HttpMethod.Delete, $"{V3}/auth/tokens", null, victim.Token, ("X-Subject-Token", victim.Token))).ShouldBe(204);
        string[] writings =
        [
            victim.Token, victim.Token + "=", victim.Token + "==", "=" + victim.Token, victim.Token.ToUpperInvariant(), victim.Token + " ", victim.Token + "A",
            victim.Token.Replace('-', '+').Replace('_', '/'), Uri.EscapeDataString(victim.Token), victim.Token[..^1],
        ];
        foreach (var writing in writings)
            Assert.Equal(401, await cloud.UseAsync(writing));
    }

    // A request under way while the role goes may end either way; one sent after the answer must be refused, and stay so.
    [Fact]
    public async Task OSSA_2012_014_a_role_that_is_taken_away_counts_for_no_request_sent_after_it()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var role = $"{V3}/projects/{victim.Project}/users/{victim.User}/roles/{await cloud.RoleIdAsync("member")}";
        for (var round = 0; round < 20; round++)
        {
            var token = await cloud.TokenOfAsync(victim.User, Victim.Password, OnProject(victim.Project));
            using var stop = new CancellationTokenSource();
            var users = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                    await cloud.UseAsync(token);
            })).ToArray();
            (await cloud.DeleteAsync(role)).ShouldBe(204);
            for (var i = 0; i < 3; i++)
                Assert.Equal(401, await cloud.UseAsync(token));
            await stop.CancelAsync();
            await Task.WhenAll(users);
            Assert.Equal(401, await cloud.UseAsync(token));
            (await cloud.PutAsync(role, "")).ShouldBe(204);
        }
    }

    [Theory]
    [InlineData("disable the user")]
    [InlineData("delete the user")]
    [InlineData("change the password")]
    [InlineData("disable the project")]
    [InlineData("disable the domain")]
    [InlineData("leave the group")]
    public async Task OSSA_2012_016_2013_011_and_2014_026_a_token_ends_with_what_it_rests_on(string change)
    {
        await using var cloud = await TestCloud.StartAsync();
        var domain = await cloud.CreateAsync("domains", "domain", new() { ["name"] = "d" });
        var (user, project) = (await cloud.CreateUserAsync("ann", "secret", domain), await cloud.CreateProjectAsync("web", domain: domain));
        var group = await cloud.CreateAsync("groups", "group", new() { ["name"] = "g", ["domain_id"] = domain });
        (await cloud.PutAsync($"{V3}/groups/{group}/users/{user}", "")).ShouldBe(204);
        foreach (var target in new[] { $"projects/{project}", $"domains/{domain}" })
            await cloud.GrantAsync($"{target}/groups/{group}", "member");
        var scopes = new[] { OnProject(project), OnDomain(domain) };
        var tokens = new List<string>();
        foreach (var scope in scopes)
            tokens.Add(await cloud.TokenOfAsync(user, "secret", scope));

        Assert.InRange((change switch
        {
            "disable the user" => await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"enabled": false} }"""),
            "delete the user" => await cloud.DeleteAsync($"{V3}/users/{user}"),
            "change the password" => await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"password": "other"} }"""),
            "disable the project" => await cloud.PatchAsync($"{V3}/projects/{project}", """{"project": {"enabled": false} }"""),
            "disable the domain" => await cloud.PatchAsync($"{V3}/domains/{domain}", """{"domain": {"enabled": false} }"""),
            _ => await cloud.DeleteAsync($"{V3}/groups/{group}/users/{user}"),
        }).Status, 200, 204);

        Assert.Equal(401, await cloud.UseAsync(tokens[0]));
        if (change != "disable the project")
            Assert.Equal(401, await cloud.UseAsync(tokens[1]));
        (await cloud.SendAsync(HttpMethod.Get, $"{V3}/auth/tokens", headers: ("X-Subject-Token", tokens[0]))).ShouldBe(404);
    }

    [Fact]
    public async Task A_token_that_a_signature_brought_administers_nothing()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var (access, secret) = await victim.KeyAsync();
        var token = (await Victim.AskAsync(cloud, access, secret)).ShouldBe(200).Headers["X-Subject-Token"];
        (await cloud.GetAsync("/compute/v2.1/flavors", token)).ShouldBe(200);
        (await cloud.GetAsync($"{V3}/auth/projects", token)).ShouldBeFault(403, "error", "EC2 credential tokens cannot be used for authorization.");
        var rescoped = (await Victim.RescopeAsync(cloud, token, OnProject(victim.Project))).ShouldBe(201).Headers["X-Subject-Token"];
        (await cloud.GetAsync($"{V3}/users/{victim.User}", rescoped)).ShouldBe(403);
    }
}
