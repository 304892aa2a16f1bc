using Appliance.SystemTests.Harness;

namespace Appliance.SystemTests.Nodes;

/// <summary>Two nodes on one machine, each agent in a network namespace of its own, joined by an underlay bridge.</summary>
[Collection("guest machines")]
public class TwoNodeTests
{
    private const string Underlay = "10.99.0";

    [Fact]
    public async Task Guests_of_one_network_on_two_nodes_ping_each_other_over_vxlan()
    {
        await Program.RunAsync("ip", "link", "add", "underlay", "type", "bridge");
        await Program.RunAsync("ip", "address", "add", $"{Underlay}.254/24", "dev", "underlay");
        await Program.RunAsync("ip", "link", "set", "underlay", "up");
        await JoinUnderlayAsync("node1", 1);
        await JoinUnderlayAsync("node2", 2);
        try
        {
            await using var site = await Site.StartAsync();
            await site.KillControllerAsync();
            await site.StartControllerAsync(listen: $"{Underlay}.254");
            for (var node = 1; node <= 2; node++)
            {
                string[] options = ["--controller", $"https://{Underlay}.254:8443", "--tunnel-address", $"{Underlay}.{node}"];
                await site.StartAgentAsync($"node{node}", "qemu", $"node{node}",
                    node == 1 ? [.. options, "--physical-network", $"public=apub0,{Site.ExternalGateway}"] : options);
            }

            var cloud = new FirstCloud(site);
            await cloud.MakeBootableAsync();
            await site.Client.TextAsync("security", "group", "create", "web");
            await site.Client.TextAsync("security", "group", "rule", "create", "--proto", "icmp", "web");
            await cloud.MakeNetworkAsync("n", "10.5.0.0/24");
            var ping = Path.Combine(site.Folder, "ping");
            var first = FirstCloud.FixedAddress(await cloud.BootAsync("a", "n", "--availability-zone", "nova:node1"), "n");
            await File.WriteAllTextAsync(ping, $"#!/bin/sh\nuntil ping -c 1 -W 1 {first}; do :; done\necho reached-{first} > /dev/ttyS0\n");
            await cloud.BootAsync("b", "n", "--availability-zone", "nova:node2", "--user-data", ping);

            await Eventually.TrueAsync("b pings a", GuestLogin.BootTime, async () =>
                (await site.Client.TryAsync("console", "log", "show", "b")).Output.Contains($"reached-{first}", StringComparison.Ordinal),
                () => site.Agent("node1").Output + site.Agent("node2").Output);
        }
        finally
        {
            await Program.TryRunAsync("ip", ["netns", "delete", "node1"], TimeSpan.FromSeconds(10));
            await Program.TryRunAsync("ip", ["netns", "delete", "node2"], TimeSpan.FromSeconds(10));
            await Program.TryRunAsync("ip", ["link", "delete", "underlay"], TimeSpan.FromSeconds(10));
        }
    }

    private static async Task JoinUnderlayAsync(string node, int number)
    {
        await Program.RunAsync("ip", "netns", "add", node);
        await Program.RunAsync("ip", "link", "add", $"u{number}", "type", "veth", "peer", "name", "underlay0", "netns", node);
        await Program.RunAsync("ip", "link", "set", $"u{number}", "master", "underlay", "up");
        await Program.RunAsync("ip", "-n", node, "address", "add", $"{Underlay}.{number}/24", "dev", "underlay0");
        await Program.RunAsync("ip", "-n", node, "link", "set", "underlay0", "up");
        await Program.RunAsync("ip", "-n", node, "link", "set", "lo", "up");
    }
}
