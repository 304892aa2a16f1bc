using Appliance.SystemTests.Harness;

namespace Appliance.SystemTests.Crashes;

/// <summary>Guests outlive agent and controller, and an agent alone brings its guests back after a power cut; one story on one guest.</summary>
[Collection("guest machines")]
public sealed class NodeCrashTests
{
    private const string BootId = "/proc/sys/kernel/random/boot_id";
    private static readonly string[] External = ["--physical-network", $"public=apub0,{Site.ExternalGateway}"];

    [Fact]
    public async Task A_guest_survives_its_agent_its_controller_and_a_power_cut()
    {
        await using var site = await Site.StartAsync();
        await site.StartAgentAsync("node1", "qemu", null, External);
        var cloud = new FirstCloud(site);
        await cloud.MakeBootableAsync();
        await cloud.MakeOutsideAsync();
        await cloud.MakeNetworkAsync("n", "10.5.0.0/24");
        await site.Client.TextAsync("router", "add", "subnet", "r", "n-v4");
        await cloud.BootAsync("web", "n");
        var login = await cloud.ReachAsync("web");
        await login.AwaitAsync("true", () => site.Agent("node1").Output);

        await CheckRunsWithoutAgentAndControllerAsync(site, login);
        await CheckDeadGuestIsReportedAsync(site, cloud, login);
        await CheckPowerCutAsync(site, login);
    }

    private static async Task CheckRunsWithoutAgentAndControllerAsync(Site site, GuestLogin login)
    {
        var guest = GuestProcess();
        await site.KillAgentAsync();
        await site.KillControllerAsync();
        await login.RunAsync("true");

        await site.StartControllerAsync();
        await site.StartAgentAsync("node1", "qemu", null, External);
        await login.RunAsync("true");
        Assert.Equal(guest, GuestProcess());
    }

    private static async Task CheckDeadGuestIsReportedAsync(Site site, FirstCloud cloud, GuestLogin login)
    {
        await Program.RunAsync("kill", "-9", GuestProcess().ToString());
        await cloud.AwaitStatusAsync("web", "SHUTOFF");
        await site.Client.TextAsync("server", "start", "web");
        await cloud.AwaitStatusAsync("web", "ACTIVE");
        await login.AwaitAsync("true", () => site.Agent("node1").Output);
    }

    // Everything that a power cut takes: processes and kernel objects; the kernel's boot id is another one afterwards.
    private static async Task CheckPowerCutAsync(Site site, GuestLogin login)
    {
        await site.KillAgentAsync();
        await site.KillControllerAsync();
        await Program.RunAsync("kill", "-9", GuestProcess().ToString());
        await RemoveKernelObjectsAsync();
        var bootId = Path.Combine(site.Folder, "boot-id");
        await File.WriteAllTextAsync(bootId, Guid.NewGuid() + "\n");
        await Program.RunAsync("mount", "--bind", bootId, BootId);
        try
        {
            await using var agent = Program.Start(Site.Out("appliance-agent"),
                ["run", "--data", site.AgentFolder("node1"), "--name", "node1", "--controller", "https://127.0.0.1:8443", .. External]);
            await login.AwaitAsync("true", () => agent.Output);
        }
        finally
        {
            await Program.RunAsync("umount", BootId);
        }

        await Program.RunAsync("kill", "-9", GuestProcess().ToString());
        await site.StartControllerAsync();
        await site.StartAgentAsync("node1", "qemu", null, External);
    }

    private static async Task RemoveKernelObjectsAsync()
    {
        foreach (var name in (await Program.RunAsync("ip", "netns", "list")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            await Program.RunAsync("ip", "netns", "delete", name.Split(' ')[0]);
        foreach (var line in (await Program.RunAsync("ip", "-o", "link", "show")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = line.Split(':')[1].Trim().Split('@')[0];
            if (name != "lo")
                await Program.TryRunAsync("ip", ["link", "delete", name], TimeSpan.FromSeconds(10));
        }

        await Program.RunAsync("nft", "flush", "ruleset");
    }

    private static int GuestProcess() => Directory.GetDirectories("/proc").Select(static path => Path.GetFileName(path))
        .Where(static name => int.TryParse(name, out _)).Select(int.Parse).Single(static pid =>
        {
            try
            {
                return File.ReadAllText($"/proc/{pid}/comm").StartsWith("qemu-system", StringComparison.Ordinal)
                    && File.ReadAllBytes($"/proc/{pid}/cmdline").Length > 0;
            }
            catch (IOException)
            {
                return false;
            }
        });
}
