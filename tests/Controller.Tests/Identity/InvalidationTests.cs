using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

/// <summary>What a token rests on is gone: the token no longer holds, at once.</summary>
public class InvalidationTests
{
    [Theory]
    [InlineData("disable the user")]
    [InlineData("delete the user")]
    [InlineData("change the password")]
    [InlineData("reset the password")]
    [InlineData("disable the project")]
    [InlineData("delete the project")]
    [InlineData("disable the domain")]
    [InlineData("take the role away")]
    [InlineData("delete the role")]
    public async Task A_token_ends_with_what_it_rests_on(string change)
    {
        await using var cloud = await TestCloud.StartAsync();
        var domain = await cloud.CreateAsync("domains", "domain", new() { ["name"] = "d" });
        var user = await cloud.CreateUserAsync("ann", domain: domain);
        var project = await cloud.CreateProjectAsync("web", domain: domain);
        var role = await cloud.CreateAsync("roles", "role", new() { ["name"] = "baker" });
        await cloud.GrantAsync($"projects/{project}/users/{user}", "baker");
        var token = await cloud.TokenOfAsync(user, "secret", OnProject(project));
        Assert.Equal(200, await cloud.UseAsync(token));

        var answer = change switch
        {
            "disable the user" => await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"enabled": false}}"""),
            "delete the user" => await cloud.DeleteAsync($"{V3}/users/{user}"),
            "change the password" => await cloud.PostAsync(
                $"{V3}/users/{user}/password", """{"user": {"original_password": "secret", "password": "other"}}""", token: ""),
            "reset the password" => await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"password": "other"}}"""),
            "disable the project" => await cloud.PatchAsync($"{V3}/projects/{project}", """{"project": {"enabled": false}}"""),
            "delete the project" => await cloud.DeleteAsync($"{V3}/projects/{project}"),
            "disable the domain" => await cloud.PatchAsync($"{V3}/domains/{domain}", """{"domain": {"enabled": false}}"""),
            "take the role away" => await cloud.DeleteAsync($"{V3}/projects/{project}/users/{user}/roles/{role}"),
            _ => await cloud.DeleteAsync($"{V3}/roles/{role}"),
        };

        Assert.InRange(answer.Status, 200, 204);
        Assert.Equal(401, await cloud.UseAsync(token));
    }

    [Fact]
    public async Task A_token_stays_void_when_its_user_is_enabled_again()
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await cloud.CreateUserAsync("ann");
        var token = await cloud.TokenOfAsync(user, "secret");

        (await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"enabled": false}}""")).ShouldBe(200);
        (await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"enabled": true}}""")).ShouldBe(200);

        Assert.Equal(401, await cloud.UseAsync(token));
        (await cloud.LogInAsync(user, "secret")).ShouldBe(201);
    }

    [Fact]
    public async Task Leaving_a_group_ends_what_the_group_brought()
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await cloud.CreateUserAsync("ann");
        var project = await cloud.CreateProjectAsync("web");
        var group = await cloud.CreateAsync("groups", "group", new() { ["name"] = "bakers" });
        await cloud.GrantAsync($"projects/{project}/groups/{group}", "member");
        (await cloud.LogInAsync(user, "secret", OnProject(project))).ShouldBe(401);
        (await cloud.PutAsync($"{V3}/groups/{group}/users/{user}", "")).ShouldBe(204);
        var token = await cloud.TokenOfAsync(user, "secret", OnProject(project));

        (await cloud.DeleteAsync($"{V3}/groups/{group}/users/{user}")).ShouldBe(204);

        Assert.Equal(401, await cloud.UseAsync(token));
    }

    [Fact]
    public async Task An_old_password_is_forgotten_when_it_changes()
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await cloud.CreateUserAsync("ann");
        (await cloud.LogInAsync(user, "secret")).ShouldBe(201);
        (await cloud.LogInAsync(user, "secret")).ShouldBe(201);

        (await cloud.PatchAsync($"{V3}/users/{user}", """{"user": {"password": "other"}}""")).ShouldBe(200);

        (await cloud.LogInAsync(user, "secret")).ShouldBe(401);
        (await cloud.LogInAsync(user, "other")).ShouldBe(201);
    }
}
