using System.Text.Json.Nodes;
using Appliance.SystemTests.Harness;

namespace Appliance.SystemTests.Crashes;

/// <summary>The controller is killed as by <c>kill -9</c> at every durable step of making and deleting a server; what was asked still happens.</summary>
[Collection("guest machines")]
public class ControllerCrashTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private string _flavor = "";
    private string _image = "";

    [Fact]
    public async Task Killed_at_any_step_of_create_and_delete_the_controller_goes_on_where_it_was()
    {
        await using var site = await Site.StartAsync();
        await site.StartAgentAsync(driver: "simulated");
        await PrepareAsync(site);
        var points = await ListPointsAsync(site);
        Assert.True(points.Count >= 4, $"only these crash points were reached: {string.Join(", ", points)}");

        foreach (var point in points)
            await CrashAtAsync(site, point);

        Assert.Empty((await site.GetAsync("/network/v2.0/ports"))["ports"]!.AsArray());
        // What the node's servers held of it is given back.
        Assert.All((await site.GetAsync("/compute/v2.1/os-hypervisors/detail"))["hypervisors"]!.AsArray(),
            static hypervisor => Assert.Equal(0, (int)hypervisor!["vcpus_used"]!));
    }

    private async Task PrepareAsync(Site site)
    {
        var data = Path.Combine(site.Folder, "disk");
        await File.WriteAllBytesAsync(data, new byte[4096]);
        _image = (string)(await site.Client.JsonAsync("image", "create", "--disk-format", "raw", "--container-format", "bare", "--file", data, "i"))["id"]!;
        var network = (string)(await site.PostAsync("/network/v2.0/networks", """{"network": {"name": "n"}}"""))!["network"]!["id"]!;
        await site.PostAsync("/network/v2.0/subnets", $$"""{"subnet": {"network_id": "{{network}}", "ip_version": 4, "cidr": "10.5.0.0/24"} }""");
        _flavor = (string)(await site.PostAsync("/compute/v2.1/flavors",
            """{"flavor": {"name": "f", "ram": 64, "vcpus": 1, "disk": 0}}"""))!["flavor"]!["id"]!;
    }

    // One undisturbed life of a server tells which points there are.
    private async Task<List<string>> ListPointsAsync(Site site)
    {
        var list = Path.Combine(site.Folder, "crash-points");
        await RestartAsync(site, new Dictionary<string, string> { ["APPLIANCE_CRASH_LIST"] = list });
        var server = await CreateAsync(site);
        await AwaitActiveAsync(site, server);
        await site.DeleteAsync($"/compute/v2.1/servers/{server}");
        await AwaitGoneAsync(site, server);
        return [.. (await File.ReadAllLinesAsync(list)).Distinct()];
    }

    private async Task CrashAtAsync(Site site, string point)
    {
        await RestartAsync(site, new Dictionary<string, string> { ["APPLIANCE_CRASH_AT"] = point });
        var answer = await site.TrySendAsync(HttpMethod.Post, "/compute/v2.1/servers", Body(point));
        var server = answer is { Status: 202 } ? (string)JsonNode.Parse(answer.Value.Text)!["server"]!["id"]! : null;
        if (server is not null && point.StartsWith("server-delete", StringComparison.Ordinal))
        {
            await AwaitActiveAsync(site, server);
            await site.TrySendAsync(HttpMethod.Delete, $"/compute/v2.1/servers/{server}", null);
        }

        using var limit = new CancellationTokenSource(Patience);
        await site.Controller.WaitForExitAsync(limit.Token);
        await RestartAsync(site, null);

        // An answered create ends ACTIVE; one whose answer was lost either happened whole or not at all.
        foreach (var id in await ListAsync(site))
        {
            if (!point.StartsWith("server-delete", StringComparison.Ordinal))
                await AwaitActiveAsync(site, id);
            await site.TrySendAsync(HttpMethod.Delete, $"/compute/v2.1/servers/{id}", null);
            await AwaitGoneAsync(site, id);
        }
    }

    private static async Task RestartAsync(Site site, IReadOnlyDictionary<string, string>? environment)
    {
        await site.KillControllerAsync();
        await site.StartControllerAsync(environment);
        await site.AwaitNodeAsync("node1");
    }

    private async Task<string> CreateAsync(Site site) =>
        (string)(await site.PostAsync("/compute/v2.1/servers", Body("undisturbed")))!["server"]!["id"]!;

    private string Body(string name) =>
        $$"""{"server": {"name": "{{name.Replace(':', '-')}}", "flavorRef": "{{_flavor}}", "imageRef": "{{_image}}"} }""";

    private static Task AwaitActiveAsync(Site site, string id) => Eventually.TrueAsync($"server {id} is ACTIVE", Patience, async () =>
    {
        var answer = await site.TrySendAsync(HttpMethod.Get, $"/compute/v2.1/servers/{id}", null);
        if (answer is not { Status: 200 })
            return false;
        var status = (string)JsonNode.Parse(answer.Value.Text)!["server"]!["status"]!;
        Assert.NotEqual("ERROR", status);
        return status == "ACTIVE";
    }, () => site.Controller.Output);

    private static Task AwaitGoneAsync(Site site, string id) => Eventually.TrueAsync($"server {id} is gone", Patience, async () =>
        (await site.TrySendAsync(HttpMethod.Get, $"/compute/v2.1/servers/{id}", null)) is { Status: 404 }, () => site.Controller.Output);

    private static async Task<IEnumerable<string>> ListAsync(Site site) =>
        (await site.GetAsync("/compute/v2.1/servers"))["servers"]!.AsArray().Select(static server => (string)server!["id"]!).ToArray();
}
