using System.Text.Json.Nodes;
using Appliance.Controller.Tests.Identity;
using Appliance.Controller.Tests.Identity.Attacks;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Audit;

public class AuditTests
{
    private const string Events = "/appliance/v1/audit/events";

    [Fact]
    public async Task A_change_is_an_event_that_says_who_did_what_from_where()
    {
        await using var cloud = await TestCloud.StartAsync();
        var admin = (string)(await cloud.GetAsync($"{V3}/users?name=admin")).Json["users"]![0]!["id"]!;
        var made = await cloud.SendAsync(HttpMethod.Post, $"{V3}/users", """{"user": {"name": "ann", "password": "secret-of-ann"} }""", null, ("User-Agent", "curl/8"));
        var user = (string)made.ShouldBe(201).Json["user"]!["id"]!;

        var made1 = Assert.Single(await ListAsync(cloud, $"?action=created.user&target={user}"));

        Assert.Equal("http://schemas.dmtf.org/cloud/audit/1.0/event", (string?)made1["typeURI"]);
        Assert.Equal(("activity", "created.user", "success"), ((string?)made1["eventType"], (string?)made1["action"], (string?)made1["outcome"]));
        Assert.Matches("^[0-9-]{10}T[0-9:]{8}\\.[0-9]{6}\\+0000$", (string?)made1["eventTime"]);
        Assert.Equal(("service/security/account/user", admin), ((string?)made1["initiator"]!["typeURI"], (string?)made1["initiator"]!["id"]));
        Assert.Equal(("127.0.0.1", "curl/8"), ((string?)made1["initiator"]!["host"]!["address"], (string?)made1["initiator"]!["host"]!["agent"]));
        Assert.Equal(made.Headers["X-Openstack-Request-Id"], (string?)made1["initiator"]!["request_id"]);
        Assert.Equal(("data/security/account/user", user), ((string?)made1["target"]!["typeURI"], (string?)made1["target"]!["id"]));
        Assert.Equal("service/security", (string?)made1["observer"]!["typeURI"]);
        Assert.Equal(user, (string?)made1["resource_info"]);
        Assert.Equal(made1.ToJsonString(), (await cloud.GetAsync($"{Events}/{made1["id"]}")).ShouldBe(200).Json["event"]!.ToJsonString());
        (await cloud.GetAsync($"{Events}/nothing")).ShouldBeFault(404, "error", "Could not find event: nothing.");
    }

    [Fact]
    public async Task A_role_assignment_names_its_parties_and_a_change_without_a_word_of_its_own_its_name()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var group = await cloud.CreateAsync("groups", "group", new() { ["name"] = "g" });
        (await cloud.PutAsync($"{V3}/groups/{group}/users/{victim.User}", "")).ShouldBe(204);

        var granted = Assert.Single(await ListAsync(cloud, "?action=created.role_assignment"));
        Assert.Equal((victim.User, victim.Project), ((string?)granted["user"], (string?)granted["project"]));
        Assert.Equal(await cloud.RoleIdAsync("member"), (string?)granted["role"]);
        Assert.False((bool)granted["inherited_to_projects"]!);
        var added = Assert.Single(await ListAsync(cloud, "?action=updated.group"));
        Assert.Equal("add_user", (string?)added["name"]);
        Assert.Contains(victim.User, (string)added["attachments"]![0]!["content"]!, StringComparison.Ordinal);
    }

    // No look is taken at the API before the database is: what was answered is durable.
    [Fact]
    public async Task A_failed_login_is_durable_before_it_is_answered_and_tells_no_name_that_nobody_has()
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await cloud.CreateUserAsync("ann");
        (await cloud.LogInAsync(user, "wrong")).ShouldBe(401);
        Assert.Equal(1, await FailuresAsync(cloud));
        (await cloud.PostAsync($"{V3}/auth/tokens", """
            {"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "hunter2-typed-as-name", "domain": {"id": "default"}, "password": "x"} } } } }
            """, "")).ShouldBe(401);
        Assert.Equal(2, await FailuresAsync(cloud));
        (await cloud.PostAsync($"{V3}/users/{user}/password", """{"user": {"original_password": "wrong", "password": "new"} }""", "")).ShouldBe(401);

        var failed = await ListAsync(cloud, "?action=authenticate&outcome=failure&sort_dir=asc");

        Assert.Equal([user, "unknown", user], failed.Select(static one => (string?)one["initiator"]!["id"]));
        Assert.All(failed, static one => Assert.Equal("401", (string?)one["reason"]!["reasonCode"]));
        Assert.All(failed, static one => Assert.Equal("127.0.0.1", (string?)one["initiator"]!["host"]!["address"]));
        Assert.DoesNotContain("hunter2", string.Concat(failed.Select(static one => one.ToJsonString())), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_way_to_log_in_is_told_by_its_methods()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        await victim.RobotAsync();
        (await Victim.RescopeAsync(cloud, victim.Token, OnProject(victim.Project))).ShouldBe(201);
        var (access, secret) = await victim.KeyAsync();
        (await Victim.AskAsync(cloud, access, secret)).ShouldBe(200);
        (await Victim.AskAsync(cloud, access, "wrong")).ShouldBe(401);
        (await cloud.SendAsync(HttpMethod.Post, $"{V3}/OS-FEDERATION/identity_providers/x/protocols/openid/auth", null, "")).ShouldBe(401);

        List<JsonNode> logins = [];
        await Eventually.TrueAsync(
            async () => (logins = await ListAsync(cloud, $"?action=authenticate&initiator={victim.User}&outcome=success")).Count == 4, "successes are written within moments");

        var methods = logins.Select(static one => (string)one["attachments"]![0]!["content"]!).ToList();
        foreach (var method in new[] { "\"password\"", "\"application_credential\"", "\"token\"", "\"ec2credential\"" })
            Assert.Contains(methods, content => content.Contains(method, StringComparison.Ordinal));
        Assert.All(logins, one => Assert.Equal(victim.Project, (string?)one["initiator"]!["project_id"]));
        Assert.Equal(2, (await ListAsync(cloud, "?outcome=failure")).Count);
    }

    [Theory]
    [InlineData("lockout_failure_attempts = 1", "Maximum number of 1 login attempts exceeded.")]
    [InlineData("password_expires_days = 1", "expired and must be changed")]
    [InlineData("password_regex = ^\\d+$\npassword_regex_description = digits", "does not match the requirements: digits")]
    public async Task What_PCI_DSS_asks_about_has_its_reason(string settings, string reason)
    {
        await using var cloud = await TestCloud.StartAsync(configure: options => options with
        {
            Identity = Controller.Identity.Settings.IdentitySettings.Read(
                Controller.Identity.Settings.SettingsFile.Read(new StringReader($"[security_compliance]\n{settings}\n"), "test")),
        });
        var user = await cloud.CreateUserAsync("ann", "12345");
        if (settings.StartsWith("password_expires", StringComparison.Ordinal))
            await cloud.Host.Platform.Database.WriteAsync((tx, ct) => tx.ExecuteAsync(
                "UPDATE identity_users SET password_expires_at = @at WHERE id = @id", ct, ("at", DateTimeOffset.UtcNow.AddDays(-1)), ("id", user)), TestContext.Current.CancellationToken);
        if (settings.StartsWith("lockout", StringComparison.Ordinal))
            (await cloud.LogInAsync(user, "wrong")).ShouldBe(401);
        if (settings.StartsWith("password_regex", StringComparison.Ordinal))
            (await cloud.PostAsync($"{V3}/users/{user}/password", """{"user": {"original_password": "12345", "password": "letters"} }""", "")).ShouldBe(400);
        else
            (await cloud.LogInAsync(user, "12345")).ShouldBe(401);

        var newest = (await ListAsync(cloud, $"?outcome=failure&initiator={user}"))[0];
        Assert.Contains(reason, (string?)newest["reason"]!["reasonType"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_filters_and_orders_agree_with_the_whole()
    {
        await using var cloud = await TestCloud.StartAsync();
        for (var i = 0; i < 5; i++)
            await cloud.CreateProjectAsync($"p{i}");
        var all = await ListAsync(cloud, "?action=created.project&sort_dir=asc");
        Assert.Equal(5, all.Count);

        var paged = new List<string?>();
        for (var next = $"{Events}?action=created.project&limit=2&sort_dir=asc"; next is not null;)
        {
            var page = (await cloud.GetAsync(next)).ShouldBe(200);
            paged.AddRange(page.Json["events"]!.AsArray().Select(static one => (string?)one!["id"]));
            next = (string?)page.Json["events_links"]?[0]?["href"];
        }

        Assert.Equal(all.Select(static one => (string?)one["id"]), paged);
        Assert.Equal(paged.AsEnumerable().Reverse(), (await ListAsync(cloud, "?action=created.project")).Select(static one => (string?)one["id"]));
        var middle = Uri.EscapeDataString((string)all[2]["eventTime"]!);
        Assert.Equal(3, (await ListAsync(cloud, $"?action=created.project&since={middle}")).Count);
        Assert.Equal(2, (await ListAsync(cloud, $"?action=created.project&until={middle}")).Count);
        Assert.Equal(5, (await ListAsync(cloud, "?target_type=data/security/project&limit=100")).Count(static one => (string?)one["action"] == "created.project"));
        Assert.Single(await ListAsync(cloud, $"?request_id={all[0]["initiator"]!["request_id"]}"));
        foreach (var none in new[] { "?action=created.nothing", "?action=nonsense", "?target_type=nonsense", "?initiator=nobody", "?outcome=failure" })
            Assert.Empty(await ListAsync(cloud, none));
        foreach (var bad in new[] { "?since=yesterday", "?outcome=pending", "?sort_dir=up", "?marker=x", "?limit=-1" })
            (await cloud.GetAsync(Events + bad)).ShouldBe(400);
    }

    [Fact]
    public async Task Only_who_administers_the_cloud_reads_the_trail()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        await cloud.GrantAsync($"domains/default/users/{victim.User}", "admin");
        (await cloud.GetAsync(Events, "")).ShouldBe(401);
        (await cloud.GetAsync(Events, victim.Token)).ShouldBe(403);
        (await cloud.GetAsync(Events, await cloud.TokenOfAsync(victim.User, "secret", OnDomain("default")))).ShouldBe(403);
        (await cloud.PostAsync(Events, "{}")).ShouldBe(405);
        (await cloud.DeleteAsync(Events)).ShouldBe(405);
    }

    internal static async Task<List<JsonNode>> ListAsync(TestCloud cloud, string query) =>
        [.. (await cloud.GetAsync(Events + query)).ShouldBe(200).Json["events"]!.AsArray().Select(static one => one!)];

    private static Task<long> FailuresAsync(TestCloud cloud) => cloud.Host.Platform.Database.ReadAsync(
        static (tx, ct) => tx.CountAsync("SELECT COUNT(*) FROM change_log WHERE failed = 1", ct), TestContext.Current.CancellationToken);
}
