using Appliance.Agent.Compute;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Compute;

public sealed class ServerRulesTests
{
    private static readonly ServerState Off = new("qemu", 1, GuestPhase.Off, null, null, null, []);

    [Fact]
    public void A_server_that_should_run_is_started_unless_it_ended_by_itself()
    {
        var server = Servers.New();
        Assert.Equal(ServerStep.Start, ServerRules.Next(server, Off, guestRuns: false));
        Assert.Equal(ServerStep.None, ServerRules.Next(server, Off with { Phase = GuestPhase.Running }, guestRuns: true));
        Assert.Equal(ServerStep.None, ServerRules.Next(server, Off with { Phase = GuestPhase.EndedByGuest }, guestRuns: false));
        Assert.Equal(ServerStep.None, ServerRules.Next(server, Off with { Phase = GuestPhase.Crashed }, guestRuns: false));
    }

    [Fact]
    public void A_server_that_should_not_run_is_stopped_and_forgets_how_it_ended()
    {
        var server = Servers.New().Stopped();
        Assert.Equal(ServerStep.Stop, ServerRules.Next(server, Off with { Phase = GuestPhase.Running }, guestRuns: true));
        Assert.Equal(ServerStep.Settle, ServerRules.Next(server, Off with { Phase = GuestPhase.Crashed }, guestRuns: false));
        Assert.Equal(ServerStep.None, ServerRules.Next(server, Off, guestRuns: false));
    }

    [Fact]
    public void One_hard_reboot_among_soft_ones_makes_all_hard_and_done_ones_do_not_count()
    {
        var running = Off with { Phase = GuestPhase.Running };
        var soft = Servers.New().With("1", OperationKinds.RebootSoft);
        var both = soft.With("2", OperationKinds.RebootHard);
        Assert.Equal(ServerStep.Stop, ServerRules.Next(soft, running, guestRuns: true));
        Assert.Equal(ServerStep.Kill, ServerRules.Next(both, running, guestRuns: true));
        Assert.Equal(ServerStep.None, ServerRules.Next(both, running with { CompletedOperations = ["1", "2"] }, guestRuns: true));
    }

    [Fact]
    public void A_reboot_starts_a_server_that_ended_by_itself()
    {
        var server = Servers.New().With("1", OperationKinds.RebootSoft);
        Assert.Equal(ServerStep.Start, ServerRules.Next(server, Off with { Phase = GuestPhase.Crashed }, guestRuns: false));
    }

    [Theory]
    [InlineData("Starting", true, "Off")]
    [InlineData("Starting", false, "Off")]
    [InlineData("Running", true, "Crashed")]
    [InlineData("Running", false, "Off")]
    [InlineData("Stopping", true, "Off")]
    public void A_missing_process_means_what_the_state_and_the_boot_say(string phase, bool sameBoot, string expected) =>
        Assert.Equal(Enum.Parse<GuestPhase>(expected), ServerRules.AfterLoss(Enum.Parse<GuestPhase>(phase), sameBoot));

    [Theory]
    [InlineData("5", 5)]
    [InlineData("0", 0)]
    [InlineData("999999999", 3600)]
    [InlineData("-1", 60)]
    [InlineData("soon", 60)]
    public void An_image_can_say_how_long_its_guest_takes_to_power_off(string property, int expectedSeconds)
    {
        var image = new ImageDocument("id", "", 0, "raw", null, null, new Dictionary<string, string> { ["os_shutdown_timeout"] = property });
        Assert.Equal(TimeSpan.FromSeconds(expectedSeconds), ServerRules.PowerOffTimeout(Servers.New(image), TimeSpan.FromSeconds(60)));
    }
}
