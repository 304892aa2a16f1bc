using Appliance.Controller.Identity.Settings;
using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class SecurityComplianceTests
{
    [Fact]
    public async Task Wrong_passwords_in_a_row_lock_a_user_out_for_a_while()
    {
        var clock = new MovedClock();
        await using var cloud = await StartAsync("lockout_failure_attempts = 2\nlockout_duration = 900", clock);
        var user = await cloud.CreateUserAsync("ann");
        var token = await cloud.TokenOfAsync(user, "secret");
        (await cloud.LogInAsync(user, "wrong")).ShouldBe(401);
        (await cloud.LogInAsync(user, "secret")).ShouldBe(201);

        var wrong = (await cloud.LogInAsync(user, "wrong")).ShouldBe(401);
        (await cloud.LogInAsync(user, "wrong")).ShouldBe(401);
        var locked = (await cloud.LogInAsync(user, "secret")).ShouldBe(401);

        Assert.Equal(wrong.Text, locked.Text);
        Assert.Equal(200, await cloud.UseAsync(token));
        (await cloud.PostAsync($"{V3}/users/{user}/password", """{"user": {"original_password": "secret", "password": "new"} }""", "")).ShouldBe(401);

        clock.Advance(TimeSpan.FromSeconds(901));
        (await cloud.LogInAsync(user, "secret")).ShouldBe(201);
    }

    [Fact]
    public async Task An_administrator_or_an_option_lifts_the_lock()
    {
        await using var cloud = await StartAsync("lockout_failure_attempts = 1");
        var (user, exempt) = (await cloud.CreateUserAsync("ann"), await cloud.CreateUserAsync("bob"));
        (await cloud.PatchAsync($"{V3}/users/{exempt}", """{"user": {"options": {"ignore_lockout_failure_attempts": true} } }""")).ShouldBe(200);
        foreach (var one in new[] { user, exempt })
            (await cloud.LogInAsync(one, "wrong")).ShouldBe(401);

        (await cloud.LogInAsync(user, "secret")).ShouldBe(401);
        (await cloud.LogInAsync(exempt, "secret")).ShouldBe(201);
        (await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"enabled": true} }""")).ShouldBe(200);
        (await cloud.LogInAsync(user, "secret")).ShouldBe(201);
    }

    [Fact]
    public async Task A_password_must_look_as_the_site_says()
    {
        await using var cloud = await StartAsync("password_regex = ^(?=.*\\d).{7,}$\npassword_regex_description = seven with a digit");
        const string Words = "The password does not match the requirements: seven with a digit.";
        (await cloud.PostAsync($"{V3}/users", """{"user": {"name": "ann", "password": "short"} }""")).ShouldBeFault(400, "error", Words);
        var user = await cloud.CreateUserAsync("ann", "longer 1");
        (await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"password": "no digit"} }""")).ShouldBeFault(400, "error", Words);
        (await ChangeAsync(cloud, user, "longer 1", "no digit")).ShouldBeFault(400, "error", Words);
        (await ChangeAsync(cloud, user, "longer 1", "longer 2")).ShouldBe(204);
    }

    [Fact]
    public async Task Passwords_are_not_used_again_too_soon()
    {
        await using var cloud = await StartAsync("unique_last_password_count = 2");
        var user = await cloud.CreateUserAsync("ann", "one");
        (await ChangeAsync(cloud, user, "one", "one")).ShouldBeFault(400, "error", "cannot be identical to a previous password");
        (await ChangeAsync(cloud, user, "one", "two")).ShouldBe(204);
        (await ChangeAsync(cloud, user, "two", "one")).ShouldBe(400);
        (await ChangeAsync(cloud, user, "two", "three")).ShouldBe(204);
        (await ChangeAsync(cloud, user, "three", "one")).ShouldBe(204);
    }

    [Fact]
    public async Task A_password_one_chose_is_kept_for_a_while()
    {
        await using var cloud = await StartAsync("minimum_password_age = 2");
        var user = await cloud.CreateUserAsync("ann", "one");
        (await ChangeAsync(cloud, user, "one", "two")).ShouldBe(204);
        (await ChangeAsync(cloud, user, "two", "three")).ShouldBeFault(400, "error", "it must be used for 2 day(s)");
        (await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"password": "reset"} }""")).ShouldBe(200);
        (await ChangeAsync(cloud, user, "reset", "four")).ShouldBe(204);
    }

    [Fact]
    public async Task A_password_that_was_given_is_changed_before_it_is_used()
    {
        await using var cloud = await StartAsync("change_password_upon_first_use = true");
        var user = await cloud.CreateUserAsync("ann", "given");
        (await cloud.LogInAsync(user, "given")).ShouldBeFault(401, "error", $"The password is expired and needs to be changed for user: {user}.");
        (await cloud.LogInAsync(user, "wrong")).ShouldBeFault(401, "error", "The request you have made requires authentication.");
        (await ChangeAsync(cloud, user, "given", "own")).ShouldBe(204);
        (await cloud.LogInAsync(user, "own")).ShouldBe(201);

        var exempt = await cloud.CreateAsync("users", "user", new()
        {
            ["name"] = "bob",
            ["password"] = "given",
            ["options"] = new System.Text.Json.Nodes.JsonObject { ["ignore_change_password_upon_first_use"] = true },
        });
        (await cloud.LogInAsync(exempt, "given")).ShouldBe(201);
    }

    [Fact]
    public async Task A_password_tells_when_it_ends()
    {
        await using var cloud = await StartAsync("password_expires_days = 3");
        var made = (await cloud.PostAsync($"{V3}/users", """{"user": {"name": "ann", "password": "one"} }""")).ShouldBe(201).Json["user"]!;
        var end = DateTime.Parse((string)made["password_expires_at"]!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(end - DateTime.UtcNow, TimeSpan.FromDays(2.9), TimeSpan.FromDays(3.1));
        var login = (await cloud.LogInAsync((string)made["id"]!, "one")).ShouldBe(201);
        Assert.Equal((string?)made["password_expires_at"], (string?)login.Json["token"]!["user"]!["password_expires_at"]);
        (await cloud.PatchAsync($"{V3}/users/{made["id"]}", """{"user": {"options": {"ignore_password_expiry": true}, "password": "two"} }""")).ShouldBe(200);
        Assert.Null((string?)(await cloud.GetAsync($"{V3}/users/{made["id"]}")).Json["user"]!["password_expires_at"]);
    }

    private static Task<TestAnswer> ChangeAsync(TestCloud cloud, string user, string original, string replacement) => cloud.PostAsync(
        $"{V3}/users/{user}/password", $$$"""{"user": {"original_password": "{{{original}}}", "password": "{{{replacement}}}"} }""", "");

    // The settings come as an operator writes them.
    private static Task<TestCloud> StartAsync(string section, TimeProvider? clock = null) => TestCloud.StartAsync(configure: options => options with
    {
        Identity = IdentitySettings.Read(SettingsFile.Read(new StringReader("[security_compliance]\n" + section), "conf")),
    }, clock: clock);
}
