using System.Text.Json.Nodes;
using CsCheck;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

/// <summary>
/// Two people without administrator's rights lend, hand on and rescope at random, while an administrator gives and takes roles: no token ever
/// has a role that its user, or who lent it, does not have there at that time.
/// </summary>
public class RoleEscalationProperties
{
    private const int EnoughDelegated = 6;
    private const int MaxRounds = 40;

    private static readonly string[] Roles = ["reader", "member", "manager", "admin"];

    [Fact]
    public async Task No_sequence_of_calls_yields_a_role_that_was_not_given()
    {
        await using var cloud = await TestCloud.StartAsync();
        var world = await World.MakeAsync(cloud);

        // How often a chance walk finds something to lend differs by a factor of ten: it goes on until it has lent enough to be worth a judgement.
        for (var round = 0; round < MaxRounds && world.Delegated < EnoughDelegated; round++)
        {
            await Gen.Select(Gen.Int[0, 6], Gen.Int[0, 99], Gen.Int[0, 99]).Array[12].SampleAsync(async steps =>
            {
                foreach (var (step, a, b) in steps)
                    await world.StepAsync(step, a, b);
                await world.CheckTokensAsync();
            }, iter: 12, threads: 1);
        }

        Assert.True(world.Delegated >= EnoughDelegated, $"only {world.Delegated} tokens of trusts and application credentials: the steps miss");
    }

    private sealed class World(TestCloud cloud, string[] users, string[] projects, Dictionary<string, string> roleIds)
    {
        private readonly HashSet<(string User, string Project, string Role)> _given = [];
        // Lender: whose roles the token's rest on; the first of a chain of trusts.
        private readonly List<(string User, string Lender, string Text)> _tokens = [];
        private int _names;

        public int Delegated { get; private set; }

        public static async Task<World> MakeAsync(TestCloud cloud)
        {
            string[] users = [await cloud.CreateUserAsync("ann"), await cloud.CreateUserAsync("bob")];
            string[] projects = [await cloud.CreateProjectAsync("web"), await cloud.CreateProjectAsync("shop")];
            var ids = new Dictionary<string, string>();
            foreach (var role in Roles)
                ids[role] = await cloud.RoleIdAsync(role);
            var world = new World(cloud, users, projects, ids);
            await world.ToggleAsync(users[0], projects[0], "member");
            await world.ToggleAsync(users[1], projects[1], "reader");
            return world;
        }

        public Task StepAsync(int step, int a, int b) => step switch
        {
            0 => LogInAsync(users[a % 2], projects[b % 2]),
            1 => RescopeAsync(a, projects[b % 2]),
            2 => LendToRobotAsync(a, b),
            3 => LendToOtherAsync(a, b),
            4 => GrantAsync(a, b),
            5 => ToggleAsync(users[a % 2], projects[b % 2], Roles[a / 2 % 3]),
            _ => CheckTokensAsync(),
        };

        public async Task CheckTokensAsync()
        {
            foreach (var (_, lender, text) in _tokens)
            {
                var shown = await cloud.SendAsync(HttpMethod.Get, $"{V3}/auth/tokens", headers: ("X-Subject-Token", text));
                if (shown.Status != 404)
                    Check(lender, shown.ShouldBe(200).Json["token"]!);
            }
        }

        private async Task LogInAsync(string user, string project) => Keep(user, user, await cloud.LogInAsync(user, "secret", OnProject(project)));

        private async Task RescopeAsync(int a, string project)
        {
            if (Pick(a) is var (user, lender, text))
                Keep(user, lender, await AuthenticateAsync("token", new JsonObject { ["id"] = text }, OnProject(project)));
        }

        private async Task LendToRobotAsync(int a, int b)
        {
            if (Pick(a) is not var (user, lender, text))
                return;
            var asked = new JsonObject { ["name"] = $"robot{_names++}", ["secret"] = "s", ["unrestricted"] = b % 2 == 0 };
            if (b % 3 != 0)
                asked["roles"] = new JsonArray(new JsonObject { ["name"] = Roles[b % 4] });
            var made = await cloud.PostAsync($"{V3}/users/{user}/application_credentials",
                new JsonObject { ["application_credential"] = asked }.ToJsonString(), text);
            if (made.Status == 201)
                Keep(user, lender, await AuthenticateAsync("application_credential",
                    new JsonObject { ["id"] = (string)made.Json["application_credential"]!["id"]!, ["secret"] = "s" }, null), isDelegated: true);
        }

        private async Task LendToOtherAsync(int a, int b)
        {
            if (Pick(a) is not var (user, lender, text))
                return;
            var other = users[user == users[0] ? 1 : 0];
            var made = await cloud.PostAsync($"{V3}/OS-TRUST/trusts", new JsonObject
            {
                ["trust"] = new JsonObject
                {
                    ["trustor_user_id"] = user,
                    ["trustee_user_id"] = other,
                    ["project_id"] = projects[b / 4 % 2],
                    ["impersonation"] = b % 2 == 0,
                    ["allow_redelegation"] = b % 3 == 0,
                    ["roles"] = new JsonArray(new JsonObject { ["name"] = Roles[b % 4] }),
                },
            }.ToJsonString(), text);
            if (made.Status != 201)
                return;
            var scope = new JsonObject { ["OS-TRUST:trust"] = new JsonObject { ["id"] = (string)made.Json["trust"]!["id"]! } };
            Keep(b % 2 == 0 ? user : other, lender, await cloud.LogInAsync(other, "secret", scope), isDelegated: true);
        }

        private async Task GrantAsync(int a, int b)
        {
            if (Pick(a) is var (user, _, text))
                (await cloud.PutAsync($"{V3}/projects/{projects[b % 2]}/users/{user}/roles/{roleIds[Roles[b % 4]]}", "", text)).Status
                    .ShouldBeRefusal();
        }

        private async Task ToggleAsync(string user, string project, string role)
        {
            var path = $"{V3}/projects/{project}/users/{user}/roles/{roleIds[role]}";
            if (_given.Remove((user, project, role)))
                (await cloud.DeleteAsync(path)).ShouldBe(204);
            else if (_given.Add((user, project, role)))
                (await cloud.PutAsync(path, "")).ShouldBe(204);
        }

        private (string User, string Lender, string Text)? Pick(int a) => _tokens.Count == 0 ? null : _tokens[a % _tokens.Count];

        private Task<TestAnswer> AuthenticateAsync(string method, JsonNode proof, JsonNode? scope)
        {
            var auth = new JsonObject { ["identity"] = new JsonObject { ["methods"] = new JsonArray(method), [method] = proof } };
            if (scope is not null)
                auth["scope"] = scope;
            return cloud.PostAsync($"{V3}/auth/tokens", new JsonObject { ["auth"] = auth }.ToJsonString(), token: "");
        }

        private void Keep(string user, string lender, TestAnswer login, bool isDelegated = false)
        {
            if (login.Status != 201)
            {
                Assert.InRange(login.Status, 400, 499);
                return;
            }

            Check(lender, login.Json["token"]!);
            Delegated += isDelegated ? 1 : 0;
            _tokens.Add((user, lender, login.Headers["X-Subject-Token"]));
        }

        private void Check(string lender, JsonNode token)
        {
            var project = (string)token["project"]!["id"]!;
            var may = Roles.Where(role => _given.Contains((lender, project, role))).SelectMany(WithImplied).ToHashSet();
            foreach (var role in token["roles"]!.AsArray())
                Assert.True(may.Contains((string)role!["name"]!), $"{lender} has only [{string.Join(' ', may)}] on {project}: {token.ToJsonString()}");
        }

        private static IEnumerable<string> WithImplied(string role) => Roles.Take(Array.IndexOf(Roles, role) + 1);
    }
}

file static class Refusals
{
    public static void ShouldBeRefusal(this int status) => Assert.Contains(status, new[] { 401, 403 });
}
