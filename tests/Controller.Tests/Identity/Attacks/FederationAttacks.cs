using static Appliance.Controller.Tests.Identity.IdentityCloud;

namespace Appliance.Controller.Tests.Identity.Attacks;

/// <summary>Attacks by what others say of a user; those on the providers' tokens themselves are in <see cref="FederatedLoginTests"/>.</summary>
public class FederationAttacks
{
    [Fact]
    public async Task OSSA_2018_002_federations_lists_of_scopes_are_the_callers_own()
    {
        await using var cloud = await TestCloud.StartAsync();
        var victim = await Victim.MakeAsync(cloud);
        var eve = await Victim.MakeAsync(cloud, "eve");
        foreach (var list in new[] { "projects", "domains" })
        {
            var seen = (await cloud.GetAsync($"{V3}/OS-FEDERATION/{list}", eve.Token)).ShouldBe(200);
            Assert.DoesNotContain(victim.Project, seen.Text, StringComparison.Ordinal);
            Assert.Equal(list == "projects" ? 1 : 0, seen.Json[list]!.AsArray().Count);
        }
    }
}
