using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class TokenKindTests
{
    [Theory]
    [InlineData("endpoints", 403)]
    [InlineData("OS-FEDERATION/identity_providers", 403)]
    [InlineData("users", 200)]
    [InlineData("regions", 200)]
    public async Task An_administrator_of_a_domain_is_none_of_the_cloud(string path, int status)
    {
        await using var cloud = await TestCloud.StartAsync();
        var domain = await cloud.CreateAsync("domains", "domain", new() { ["name"] = "d" });
        var user = await cloud.CreateUserAsync("ann", domain: domain);
        await cloud.GrantAsync($"domains/{domain}/users/{user}", "admin");
        (await cloud.GetAsync($"{V3}/{path}", await cloud.TokenOfAsync(user, "secret", OnDomain(domain)))).ShouldBe(status);
    }

    [Fact]
    public async Task A_trust_is_given_with_a_projects_token_only()
    {
        await using var cloud = await TestCloud.StartAsync();
        var user = await cloud.CreateUserAsync("ann");
        await cloud.GrantAsync($"system/users/{user}", "admin");
        (await cloud.PostAsync($"{V3}/OS-TRUST/trusts",
            $$"""{"trust": {"trustor_user_id": "{{user}}", "trustee_user_id": "{{user}}", "impersonation": false} }""",
            await cloud.TokenOfAsync(user, "secret", OnSystem))).ShouldBeFault(403, "error", "identity:create_trust");
    }

    // Which of the two, Keystone leaves to each resource, and clients have got used to it.
    [Theory]
    [InlineData("users", 403, 403)]
    [InlineData("projects", 403, 403)]
    [InlineData("groups", 403, 404)]
    [InlineData("domains", 403, 404)]
    [InlineData("limits", 403, 404)]
    [InlineData("roles", 404, 404)]
    [InlineData("endpoints", 404, 404)]
    public async Task What_does_not_exist_is_hidden_or_not_found_as_in_Keystone(string path, int whenShown, int whenDeleted)
    {
        await using var cloud = await TestCloud.StartAsync();
        var token = await cloud.TokenOfAsync(await cloud.CreateUserAsync("ann"), "secret");
        (await cloud.GetAsync($"{V3}/{path}/nothing", token)).ShouldBe(whenShown);
        (await cloud.DeleteAsync($"{V3}/{path}/nothing", token)).ShouldBe(whenDeleted);
    }
}
