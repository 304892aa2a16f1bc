using System.Text.Json.Nodes;
using Appliance.Controller.Identity.Settings;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity.Attacks;

/// <summary>Attempts to learn which users there are, and to lock them out.</summary>
public class EnumerationAttacks
{
    [Fact]
    public async Task OSSA_2021_003_nothing_in_an_answer_tells_a_locked_a_disabled_and_an_unknown_user_apart()
    {
        await using var cloud = await StartAsync("lockout_failure_attempts = 2");
        var (locked, disabled) = (await cloud.CreateUserAsync("locked"), await cloud.CreateUserAsync("disabled"));
        (await cloud.PatchAsync($"{V3}/users/{disabled}", """{"user": {"enabled": false} }""")).ShouldBe(200);
        var answers = new List<TestAnswer>();
        for (var i = 0; i < 3; i++)
        {
            foreach (var name in new[] { "locked", "disabled", "nobody" })
                answers.Add(await TryAsync(cloud, name, "wrong"));
        }

        answers.Add(await TryAsync(cloud, "locked", "secret"));
        answers.Add(await TryAsync(cloud, "disabled", "secret"));
        foreach (var id in new[] { locked, disabled, "0123456789abcdef0123456789abcdef" })
            answers.Add(await cloud.PostAsync($"{V3}/users/{id}/password", """{"user": {"original_password": "wrong", "password": "new"} }""", ""));

        Assert.All(answers, static answer => answer.ShouldBe(401));
        Assert.Single(answers.Select(static answer => answer.Text).Distinct());
        Assert.Single(answers.Select(static answer => string.Join(',', answer.Headers.Keys.Order())).Distinct());
        Assert.DoesNotContain(answers, answer => answer.Text.Contains(locked, StringComparison.Ordinal));
    }

    // What would take time apart is the same for all: one hash, one look and one durable write.
    [Fact]
    public async Task OSSA_2021_003_a_refusal_costs_the_same_writes_whoever_was_asked_for()
    {
        await using var cloud = await StartAsync("lockout_failure_attempts = 2");
        await cloud.CreateUserAsync("ann");
        foreach (var name in new[] { "ann", "nobody", "nobody else", "ann", "ann" })
        {
            var before = await CountAsync(cloud);
            (await TryAsync(cloud, name, "wrong")).ShouldBe(401);
            Assert.Equal(before + 1, await CountAsync(cloud));
        }

        Assert.Equal(2, await RowsAsync(cloud));
    }

    [Fact]
    public async Task Unknown_users_are_refused_alike_by_every_method()
    {
        await using var cloud = await TestCloud.StartAsync();
        var ann = await cloud.CreateUserAsync("ann");
        foreach (var method in new[] { "password", "totp", "application_credential" })
        {
            var known = await TryAsync(cloud, method, new JsonObject { ["id"] = ann });
            var unknown = await TryAsync(cloud, method, new JsonObject { ["id"] = "0123456789abcdef0123456789abcdef" });
            Assert.Equal((401, known.Text), (unknown.Status, unknown.Text));
        }
    }

    // The lock keeps the password from being guessed; what the user proved already, and what does not need the password, goes on.
    [Fact]
    public async Task A_lockout_does_not_stop_the_work_of_who_is_locked_out()
    {
        await using var cloud = await StartAsync("lockout_failure_attempts = 1");
        var victim = await Victim.MakeAsync(cloud);
        var robot = await victim.RobotAsync();
        (await cloud.LogInAsync(victim.User, "wrong")).ShouldBe(401);
        (await cloud.LogInAsync(victim.User, Victim.Password)).ShouldBe(401);
        Assert.Equal(200, await cloud.UseAsync(victim.Token));
        Assert.Equal(200, await cloud.UseAsync(robot));
        (await Victim.RescopeAsync(cloud, victim.Token, OnProject(victim.Project))).ShouldBe(201);
    }

    private static Task<TestCloud> StartAsync(string settings) => TestCloud.StartAsync(configure: options => options with
    {
        Identity = IdentitySettings.Read(SettingsFile.Read(new StringReader($"[security_compliance]\n{settings}\n"), "test")),
    });

    private static Task<TestAnswer> TryAsync(TestCloud cloud, string name, string password) =>
        TryAsync(cloud, "password", new JsonObject { ["name"] = name, ["domain"] = new JsonObject { ["id"] = "default" } }, password);

    private static Task<TestAnswer> TryAsync(TestCloud cloud, string method, JsonObject user, string secret = "wrong")
    {
        user["password"] = secret;
        user["passcode"] = secret;
        var given = method == "application_credential"
            ? new JsonObject { ["name"] = "a", ["secret"] = secret, ["user"] = user }
            : new JsonObject { ["user"] = user };
        return cloud.PostAsync($"{V3}/auth/tokens", new JsonObject
        {
            ["auth"] = new JsonObject { ["identity"] = new JsonObject { ["methods"] = new JsonArray(method), [method] = given } },
        }.ToJsonString(), "");
    }

    private static Task<long> CountAsync(TestCloud cloud) => cloud.Host.Platform.Database.ReadAsync(
        static (tx, ct) => tx.CountAsync("SELECT SUM(failed_count) FROM identity_login_states", ct), TestContext.Current.CancellationToken);

    private static Task<long> RowsAsync(TestCloud cloud) => cloud.Host.Platform.Database.ReadAsync(
        static (tx, ct) => tx.CountAsync("SELECT COUNT(*) FROM identity_login_states", ct), TestContext.Current.CancellationToken);
}
