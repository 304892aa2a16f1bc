using Appliance.SystemTests.Harness;

namespace Appliance.SystemTests.FirstHour;

/// <summary>What a person does in the first hour, with Debian's client and real guests; one story, for every guest costs a boot.</summary>
[Collection("guest machines")]
public class FirstHourTests
{
    private const string UserData = "#!/bin/sh\necho user-data ran as $(id -un) > /run/user-data-was-here\n";

    [Fact]
    public async Task Guests_boot_talk_are_reached_and_leave_nothing_behind()
    {
        await using var site = await Site.StartAsync();
        await site.StartAgentAsync("node1", "qemu", null, "--physical-network", $"public=apub0,{Site.ExternalGateway}");
        var cloud = new FirstCloud(site);
        await cloud.MakeBootableAsync();
        var before = await MachineState.ReadAsync(site.AgentFolder("node1"));
        await cloud.MakeOutsideAsync();
        await cloud.MakeNetworkAsync("n", "10.5.0.0/24");
        await cloud.MakeNetworkAsync("m", "10.6.0.0/24");
        foreach (var subnet in (string[])["n-v4", "m-v4"])
            await site.Client.TextAsync("router", "add", "subnet", "r", subnet);

        var userData = Path.Combine(site.Folder, "user-data");
        await File.WriteAllTextAsync(userData, UserData);
        var web = await cloud.BootAsync("web", "n", "--user-data", userData, "--property", "color=blue");
        var login = await cloud.ReachAsync("web");
        Assert.Equal("web", (await login.AwaitAsync("hostname", () => site.Agent("node1").Output)).Trim());

        await CheckMetadataAsync(login, (string)web["id"]!);
        await CheckNeighborsAsync(cloud, login);
        await CheckSecurityGroupAsync(site, login);
        await CheckConsoleLogAsync(site);
        await CheckStopKeepsTheDiskAsync(site, cloud, login);
        await DeleteEverythingAsync(site);

        await Eventually.TrueAsync("everything is gone", TimeSpan.FromSeconds(60), async () =>
            (await site.GetAsync("/compute/v2.1/servers"))["servers"]!.AsArray().Count == 0
            && (await site.GetAsync("/network/v2.0/ports"))["ports"]!.AsArray().Count == 0);
        await Eventually.TrueAsync("the node is clean", TimeSpan.FromSeconds(60), async () =>
        {
            var now = await MachineState.ReadAsync(site.AgentFolder("node1"));
            return now.Links.Count == before.Links.Count && now.Namespaces.Count == before.Namespaces.Count && now.Processes.Count == 0;
        });
        (await MachineState.ReadAsync(site.AgentFolder("node1"))).ShouldHaveNothingMoreThan(before);
    }

    private static async Task CheckMetadataAsync(GuestLogin login, string serverId)
    {
        var metadata = await login.RunAsync("curl -sf http://169.254.169.254/openstack/latest/meta_data.json");
        Assert.Contains(serverId, metadata, StringComparison.Ordinal);
        Assert.Contains("\"color\": \"blue\"", metadata.Replace("\":\"", "\": \"", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal("web", (await login.RunAsync("curl -sf http://169.254.169.254/latest/meta-data/hostname")).Split('.')[0]);
        await Eventually.TrueAsync("user-data ran", TimeSpan.FromSeconds(30), async () =>
            (await login.TryAsync("cat /run/user-data-was-here")).Output.StartsWith("user-data ran as root", StringComparison.Ordinal));
    }

    private static async Task CheckNeighborsAsync(FirstCloud cloud, GuestLogin login)
    {
        var same = FirstCloud.FixedAddress(await cloud.BootAsync("same", "n"), "n");
        var routed = FirstCloud.FixedAddress(await cloud.BootAsync("routed", "m"), "m");
        await login.AwaitAsync($"ping -c 1 -W 2 {same}");
        await login.AwaitAsync($"ping -c 1 -W 2 {routed}");
    }

    private static async Task CheckSecurityGroupAsync(Site site, GuestLogin login)
    {
        await login.RunAsync("sh -c 'nc -l -k -p 8080 -e /bin/date </dev/null >/dev/null 2>&1 &'");
        Task<bool> IsOpenAsync() => TryConnectAsync(login.Address, 8080);
        Assert.False(await IsOpenAsync());

        var rule = (string)(await site.Client.JsonAsync("security", "group", "rule", "create", "--proto", "tcp", "--dst-port", "8080", "web"))["id"]!;
        await Eventually.TrueAsync("port 8080 opens", TimeSpan.FromSeconds(20), IsOpenAsync);
        await site.Client.TextAsync("security", "group", "rule", "delete", rule);
        await Eventually.TrueAsync("port 8080 closes", TimeSpan.FromSeconds(20), async () => !await IsOpenAsync());
    }

    private static async Task<bool> TryConnectAsync(string address, int port)
    {
        var (exitCode, _, _) = await Program.TryRunAsync("nc", ["-z", "-w", "2", address, port.ToString()], TimeSpan.FromSeconds(5));
        return exitCode == 0;
    }

    private static async Task CheckConsoleLogAsync(Site site)
    {
        var log = await site.Client.TextAsync("console", "log", "show", "web");
        Assert.True(log.Split('\n').Length >= 10, log);
    }

    private static async Task CheckStopKeepsTheDiskAsync(Site site, FirstCloud cloud, GuestLogin login)
    {
        await login.RunAsync("echo kept > ~/file && sync");
        await site.Client.TextAsync("server", "stop", "web");
        await cloud.AwaitStatusAsync("web", "SHUTOFF");
        Assert.NotEqual(0, (await login.TryAsync("true")).ExitCode);
        await site.Client.TextAsync("server", "start", "web");
        await cloud.AwaitStatusAsync("web", "ACTIVE");
        Assert.Equal("kept", (await login.AwaitAsync("cat ~/file")).Trim());

        await site.Client.TextAsync("server", "reboot", "--hard", "web");
        await cloud.AwaitStatusAsync("web", "ACTIVE");
        Assert.Equal("kept", (await login.AwaitAsync("cat ~/file")).Trim());
    }

    private static async Task DeleteEverythingAsync(Site site)
    {
        await site.Client.TextAsync("server", "delete", "--wait", "web", "same", "routed");
        foreach (var address in (await site.Client.JsonAsync("floating", "ip", "list")).AsArray())
            await site.Client.TextAsync("floating", "ip", "delete", (string)address!["ID"]!);
        foreach (var subnet in (string[])["n-v4", "m-v4"])
            await site.Client.TextAsync("router", "remove", "subnet", "r", subnet);
        await site.Client.TextAsync("router", "delete", "r");
        await site.Client.TextAsync("network", "delete", "n", "m", "public");
        await site.Client.TextAsync("security", "group", "delete", "web");
    }
}
