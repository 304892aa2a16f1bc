using Appliance.SystemTests.Harness;

namespace Appliance.SystemTests.Crashes;

/// <summary>The agent is killed as by <c>kill -9</c> while it fetches images, builds servers and removes them; what was asked still happens.</summary>
[Collection("guest machines")]
public sealed class AgentCrashTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // Milliseconds after the request was answered: a build takes a few hundred here, and two thousand more when the image is new to the node.
    private static readonly int[] DelaysOfNewImages = [0, 400, 900, 1500];
    private static readonly int[] Delays = [0, 25, 50, 100, 150, 250, 400];

    private string _flavor = "";

    [Fact]
    public async Task Killed_at_any_moment_of_building_and_removing_the_agent_goes_on_where_it_was()
    {
        await using var site = await Site.StartAsync();
        await site.StartAgentAsync();
        await PrepareAsync(site);
        // What the node keeps for its networks stands before the comparison begins.
        var image = await MakeImageAsync(site, "first");
        await DeleteAsync(site, await CreateAsync(site, image), killAfter: null);
        var before = await MachineState.ReadAsync(site.AgentFolder("node1"));

        foreach (var delay in DelaysOfNewImages)
            await LiveAsync(site, await MakeImageAsync(site, $"after {delay}"), delay);
        foreach (var delay in Delays)
            await LiveAsync(site, image, delay);

        Assert.Empty((await site.GetAsync("/network/v2.0/ports"))["ports"]!.AsArray());
        IReadOnlyList<string> left = [];
        await Eventually.TrueAsync("nothing of the servers is left on the node", Patience, async () =>
        {
            left = (await MachineState.ReadAsync(site.AgentFolder("node1"))).NewSince(before);
            return left.Count == 0;
        }, () => string.Join('\n', left) + site.Agent("node1").Output);
    }

    private async Task LiveAsync(Site site, string image, int delay)
    {
        var server = await CreateAsync(site, image);
        await KillAgentAfterAsync(site, delay);
        await AwaitActiveAsync(site, server);
        await DeleteAsync(site, server, delay);
    }

    private async Task PrepareAsync(Site site)
    {
        var network = (string)(await site.PostAsync("/network/v2.0/networks", """{"network": {"name": "n"}}"""))!["network"]!["id"]!;
        await site.PostAsync("/network/v2.0/subnets", $$"""{"subnet": {"network_id": "{{network}}", "ip_version": 4, "cidr": "10.5.0.0/24"} }""");
        _flavor = (string)(await site.PostAsync("/compute/v2.1/flavors",
            """{"flavor": {"name": "f", "ram": 64, "vcpus": 1, "disk": 1}}"""))!["flavor"]!["id"]!;
    }

    private static async Task<string> MakeImageAsync(Site site, string name) => (string)(await site.Client.JsonAsync(
        "image", "create", "--disk-format", "qcow2", "--container-format", "bare", "--file", Site.Out("guest.qcow2"), name))["id"]!;

    private async Task<string> CreateAsync(Site site, string image) => (string)(await site.PostAsync("/compute/v2.1/servers",
        $$"""{"server": {"name": "s", "flavorRef": "{{_flavor}}", "imageRef": "{{image}}"} }"""))!["server"]!["id"]!;

    private static async Task DeleteAsync(Site site, string server, int? killAfter)
    {
        if (killAfter is null)
            await AwaitActiveAsync(site, server);
        await site.DeleteAsync($"/compute/v2.1/servers/{server}");
        if (killAfter is { } delay)
            await KillAgentAfterAsync(site, delay);
        await Eventually.TrueAsync($"server {server} is gone", Patience, async () =>
            (await site.TrySendAsync(HttpMethod.Get, $"/compute/v2.1/servers/{server}", null)) is { Status: 404 }, () => site.Agent("node1").Output);
        // With the node down it leaves the lists at once; its ports go with what the node had of it.
        await Eventually.TrueAsync("its ports are gone", Patience, async () =>
            (await site.GetAsync("/network/v2.0/ports"))["ports"]!.AsArray().Count == 0, () => site.Agent("node1").Output);
    }

    private static async Task KillAgentAfterAsync(Site site, int delay)
    {
        await Task.Delay(delay);
        await site.KillAgentAsync();
        await site.StartAgentAsync();
    }

    private static Task AwaitActiveAsync(Site site, string id) => Eventually.TrueAsync($"server {id} is ACTIVE", Patience, async () =>
    {
        var server = (await site.GetAsync($"/compute/v2.1/servers/{id}"))["server"]!;
        Assert.True((string)server["status"]! != "ERROR", $"{server["fault"]}\n{site.Agent("node1").Output}");
        return (string)server["status"]! == "ACTIVE";
    }, () => site.Agent("node1").Output);
}
