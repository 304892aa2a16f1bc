using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity;

public class RevocationEventTests
{
    [Fact]
    public async Task What_makes_tokens_void_is_told_to_services()
    {
        await using var cloud = await TestCloud.StartAsync();
        var (user, other) = (await cloud.CreateUserAsync("ann"), await cloud.CreateUserAsync("bob"));
        var token = await cloud.TokenOfAsync(user, "secret");
        var audit = (string?)(await cloud.SendAsync(HttpMethod.Get, $"{V3}/auth/tokens", headers: ("X-Subject-Token", token))).Json["token"]!["audit_ids"]![0];
        (await cloud.SendAsync(HttpMethod.Delete, $"{V3}/auth/tokens", headers: ("X-Subject-Token", token))).ShouldBe(204);
        (await cloud.PatchAsync($"{V3}/users/{other}", """{"user": {"password": "new"} }""")).ShouldBe(200);

        var events = (await cloud.GetAsync($"{V3}/OS-REVOKE/events")).ShouldBe(200).Json["events"]!.AsArray();

        Assert.Contains(events, one => (string?)one!["audit_id"] == audit && one["revoked_at"] is not null);
        Assert.Contains(events, one => (string?)one!["user_id"] == other && one["issued_before"] is not null);
        Assert.Empty((await cloud.GetAsync($"{V3}/OS-REVOKE/events?since=2999-01-01T00:00:00Z")).Json["events"]!.AsArray());
        (await cloud.GetAsync($"{V3}/OS-REVOKE/events?since=soon")).ShouldBe(400);
        (await cloud.GetAsync($"{V3}/OS-REVOKE/events", await cloud.TokenOfAsync(user, "secret"))).ShouldBe(403);
    }

    [Fact]
    public async Task What_went_with_PKI_tokens_is_gone()
    {
        await using var cloud = await TestCloud.StartAsync();
        (await cloud.GetAsync($"{V3}/OS-SIMPLE-CERT/ca", "")).ShouldBeFault(410, "error", "removal of support for PKI tokens");
        (await cloud.GetAsync($"{V3}/OS-SIMPLE-CERT/certificates", "")).ShouldBe(410);
        (await cloud.GetAsync($"{V3}/auth/tokens/OS-PKI/revoked")).ShouldBe(410);
    }
}
