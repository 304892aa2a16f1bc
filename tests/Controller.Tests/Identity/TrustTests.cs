using System.Text.Json.Nodes;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class TrustTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_trustee_acts_with_the_roles_it_was_lent_and_no_others(bool impersonation)
    {
        await using var cloud = await TestCloud.StartAsync();
        var people = await People.MakeAsync(cloud);
        var trust = (await people.TrustAsync(impersonation)).ShouldBe(201).Json["trust"]!;

        var login = (await people.UseAsync((string)trust["id"]!)).ShouldBe(201);

        var token = login.Json["token"]!;
        Assert.Equal(["member", "reader"], login.RoleNames().Order());
        Assert.Equal(impersonation ? people.Trustor : people.Trustee, (string?)token["user"]!["id"]);
        Assert.Equal(people.Project, (string?)token["project"]!["id"]);
        Assert.Equal((string?)trust["id"], (string?)token["OS-TRUST:trust"]!["id"]);
        Assert.Equal(people.Trustor, (string?)token["OS-TRUST:trust"]!["trustor_user"]!["id"]);
        Assert.Equal(people.Trustee, (string?)token["OS-TRUST:trust"]!["trustee_user"]!["id"]);
        Assert.InRange(login.Headers["X-Subject-Token"].Length, 1, 255);
        var shown = await cloud.SendAsync(HttpMethod.Get, $"{V3}/auth/tokens", headers: ("X-Subject-Token", login.Headers["X-Subject-Token"]));
        Assert.Equal(impersonation, (bool)shown.ShouldBe(200).Json["token"]!["OS-TRUST:trust"]!["impersonation"]!);
    }

    [Theory]
    [InlineData("delete the trust")]
    [InlineData("take the trustor's role away")]
    [InlineData("disable the trustor")]
    [InlineData("disable the trustee")]
    [InlineData("delete the trustor")]
    [InlineData("change the trustor's password")]
    [InlineData("delete the project")]
    public async Task Tokens_of_a_trust_end_with_what_it_rests_on(string change)
    {
        await using var cloud = await TestCloud.StartAsync();
        var people = await People.MakeAsync(cloud);
        var trust = (string)(await people.TrustAsync(true)).ShouldBe(201).Json["trust"]!["id"]!;
        var token = (await people.UseAsync(trust)).ShouldBe(201).Headers["X-Subject-Token"];
        Assert.Equal(200, await cloud.UseAsync(token));
        var member = await cloud.RoleIdAsync("member");

        var answer = change switch
        {
            "delete the trust" => await cloud.DeleteAsync($"{V3}/OS-TRUST/trusts/{trust}", people.TrustorToken),
            "take the trustor's role away" => await cloud.DeleteAsync($"{V3}/projects/{people.Project}/users/{people.Trustor}/roles/{member}"),
            "disable the trustor" => await cloud.PatchAsync($"{V3}/users/{people.Trustor}", """{"user": {"enabled": false}}"""),
            "disable the trustee" => await cloud.PatchAsync($"{V3}/users/{people.Trustee}", """{"user": {"enabled": false}}"""),
            "delete the trustor" => await cloud.DeleteAsync($"{V3}/users/{people.Trustor}"),
            "change the trustor's password" => await cloud.PatchAsync($"{V3}/users/{people.Trustor}", """{"user": {"password": "other"}}"""),
            _ => await cloud.DeleteAsync($"{V3}/projects/{people.Project}"),
        };

        Assert.InRange(answer.Status, 200, 204);
        Assert.Equal(401, await cloud.UseAsync(token));
    }

    [Fact]
    public async Task A_trust_is_used_as_often_as_it_says()
    {
        await using var cloud = await TestCloud.StartAsync();
        var people = await People.MakeAsync(cloud);
        var trust = (string)(await people.TrustAsync(true, """, "remaining_uses": 2""")).ShouldBe(201).Json["trust"]!["id"]!;

        var first = (await people.UseAsync(trust)).ShouldBe(201).Headers["X-Subject-Token"];
        Assert.Equal(1, (int)(await cloud.GetAsync($"{V3}/OS-TRUST/trusts/{trust}", people.TrustorToken)).Json["trust"]!["remaining_uses"]!);
        (await people.UseAsync(trust)).ShouldBe(201);
        (await people.UseAsync(trust)).ShouldBe(401);

        (await cloud.GetAsync($"{V3}/OS-TRUST/trusts/{trust}", people.TrustorToken)).ShouldBeFault(404, "error", $"Could not find trust: {trust}.");
        Assert.Equal(200, await cloud.UseAsync(first));
    }

    [Fact]
    public async Task A_token_of_a_trust_makes_no_other_token_and_no_application_credential()
    {
        await using var cloud = await TestCloud.StartAsync();
        var people = await People.MakeAsync(cloud);
        var trust = (string)(await people.TrustAsync(true)).ShouldBe(201).Json["trust"]!["id"]!;
        var token = (await people.UseAsync(trust)).ShouldBe(201).Headers["X-Subject-Token"];

        (await cloud.PostAsync($"{V3}/auth/tokens", $$$"""{"auth": {"identity": {"methods": ["token"], "token": {"id": "{{{token}}}"} } } }""", ""))
            .ShouldBeFault(403, "error", "Create a new trust-scoped token instead");
        (await cloud.PostAsync($"{V3}/users/{people.Trustor}/application_credentials", """{"application_credential": {"name": "x"}}""", token)).ShouldBe(403);
        (await cloud.GetAsync($"{V3}/users/{people.Trustor}/application_credentials", token)).ShouldBe(403);
        (await cloud.PostAsync($"{V3}/users/{people.Trustor}/credentials/OS-EC2", """{"tenant_id": "elsewhere"}""", token)).ShouldBe(403);
        var key = (await cloud.PostAsync($"{V3}/users/{people.Trustor}/credentials/OS-EC2", $$"""{"tenant_id": "{{people.Project}}"}""", token)).ShouldBe(201);
        Assert.Equal(trust, (string?)key.Json["credential"]!["trust_id"]);
    }

    [Fact]
    public async Task Nobody_lends_what_is_not_theirs()
    {
        await using var cloud = await TestCloud.StartAsync();
        var people = await People.MakeAsync(cloud);
        (await people.TrustAsync(true, role: "admin")).ShouldBe(404);
        (await people.TrustAsync(true, token: people.TrusteeToken)).ShouldBe(403);
        (await people.TrustAsync(true, token: await cloud.AdminTokenAsync())).ShouldBe(403);
        (await people.TrustAsync(true, roles: "")).ShouldBeFault(403, "error", "At least one role should be specified");
        (await people.TrustAsync(true, """, "expires_at": "2001-01-01T00:00:00Z" """)).ShouldBeFault(400, "error", "must not be before now");
        (await people.TrustAsync(true, """, "remaining_uses": 0""")).ShouldBe(400);

        var trust = (string)(await people.TrustAsync(true)).ShouldBe(201).Json["trust"]!["id"]!;
        var stranger = await cloud.CreateUserAsync("eve");
        var eve = await cloud.TokenOfAsync(stranger, "secret");
        (await cloud.GetAsync($"{V3}/OS-TRUST/trusts/{trust}", eve)).ShouldBe(403);
        (await cloud.GetAsync($"{V3}/OS-TRUST/trusts", eve)).ShouldBe(403);
        (await cloud.DeleteAsync($"{V3}/OS-TRUST/trusts/{trust}", people.TrusteeToken)).ShouldBe(403);
        (await cloud.LogInAsync(stranger, "secret", People.Scope(trust))).ShouldBe(403);
        (await cloud.LogInAsync(stranger, "secret", People.Scope("nothing"))).ShouldBe(401);
    }

    [Fact]
    public async Task A_trust_made_from_a_trust_reaches_no_further_and_ends_with_it()
    {
        await using var cloud = await TestCloud.StartAsync();
        var people = await People.MakeAsync(cloud);
        var third = await cloud.CreateUserAsync("third");
        var first = (string)(await people.TrustAsync(true, """, "allow_redelegation": true, "redelegation_count": 1""")).ShouldBe(201).Json["trust"]!["id"]!;
        var lent = (await people.UseAsync(first)).ShouldBe(201).Headers["X-Subject-Token"];

        var made = (await people.TrustAsync(true, trustee: third, token: lent)).ShouldBe(201).Json["trust"]!;
        (await people.TrustAsync(true, """, "redelegated_trust_id": "x" """, trustee: third)).ShouldBe(403);
        var token = (await cloud.LogInAsync(third, "secret", People.Scope((string)made["id"]!))).ShouldBe(201).Headers["X-Subject-Token"];
        (await people.TrustAsync(true, trustee: people.Trustee, token: token)).ShouldBe(403);

        Assert.Equal(first, (string?)made["redelegated_trust_id"]);
        Assert.Equal(0, (int)made["redelegation_count"]!);
        (await cloud.DeleteAsync($"{V3}/OS-TRUST/trusts/{first}", people.TrustorToken)).ShouldBe(204);
        Assert.Equal(401, await cloud.UseAsync(token));
        (await cloud.GetAsync($"{V3}/OS-TRUST/trusts/{made["id"]}", people.TrustorToken)).ShouldBe(404);
    }

    [Fact]
    public async Task Both_sides_see_the_trust_and_its_roles()
    {
        await using var cloud = await TestCloud.StartAsync();
        var people = await People.MakeAsync(cloud);
        var trust = (string)(await people.TrustAsync(true)).ShouldBe(201).Json["trust"]!["id"]!;
        var member = await cloud.RoleIdAsync("member");

        foreach (var token in new[] { people.TrustorToken, people.TrusteeToken })
        {
            var shown = (await cloud.GetAsync($"{V3}/OS-TRUST/trusts/{trust}", token)).ShouldBe(200).Json["trust"]!;
            Assert.Equal("member", (string?)shown["roles"]![0]!["name"]);
            Assert.EndsWith($"/v3/OS-TRUST/trusts/{trust}", (string?)shown["links"]!["self"], StringComparison.Ordinal);
            (await cloud.GetAsync($"{V3}/OS-TRUST/trusts/{trust}/roles/{member}", token)).ShouldBe(200);
            (await cloud.SendAsync(HttpMethod.Head, $"{V3}/OS-TRUST/trusts/{trust}/roles/{member}", token: token)).ShouldBe(200);
            (await cloud.GetAsync($"{V3}/OS-TRUST/trusts/{trust}/roles/other", token)).ShouldBe(404);
            Assert.Single((await cloud.GetAsync($"{V3}/OS-TRUST/trusts/{trust}/roles", token)).ShouldBe(200).Json["roles"]!.AsArray());
        }

        var list = (await cloud.GetAsync($"{V3}/OS-TRUST/trusts?trustee_user_id={people.Trustee}", people.TrusteeToken)).ShouldBe(200).Json["trusts"]!;
        Assert.Null(Assert.Single(list.AsArray())!["roles"]);
        (await cloud.GetAsync($"{V3}/OS-TRUST/trusts?trustor_user_id={people.Trustor}", people.TrusteeToken)).ShouldBe(403);
        Assert.Single((await cloud.GetAsync($"{V3}/OS-TRUST/trusts")).ShouldBe(200).Json["trusts"]!.AsArray());
    }

    private sealed record People(TestCloud Cloud, string Project, string Trustor, string Trustee, string TrustorToken, string TrusteeToken)
    {
        public static async Task<People> MakeAsync(TestCloud cloud)
        {
            var (project, trustor, trustee) =
                (await cloud.CreateProjectAsync("web"), await cloud.CreateUserAsync("trustor"), await cloud.CreateUserAsync("trustee"));
            await cloud.GrantAsync($"projects/{project}/users/{trustor}", "member");
            return new People(cloud, project, trustor, trustee,
                await cloud.TokenOfAsync(trustor, "secret", OnProject(project)), await cloud.TokenOfAsync(trustee, "secret"));
        }

        public static JsonNode Scope(string trust) => new JsonObject { ["OS-TRUST:trust"] = new JsonObject { ["id"] = trust } };

        public Task<TestAnswer> TrustAsync(
            bool impersonation, string more = "", string role = "member", string? roles = null, string? trustee = null, string? token = null) =>
            Cloud.PostAsync($"{V3}/OS-TRUST/trusts",
                $$"""
                {"trust": {"trustor_user_id": "{{Trustor}}", "trustee_user_id": "{{trustee ?? Trustee}}", "project_id": "{{Project}}",
                  "impersonation": {{(impersonation ? "true" : "false")}}, "roles": [{{roles ?? $$"""{"name": "{{role}}"}"""}}]{{more}}} }
                """, token ?? TrustorToken);

        public Task<TestAnswer> UseAsync(string trust) => Cloud.LogInAsync(Trustee, "secret", Scope(trust));
    }
}
