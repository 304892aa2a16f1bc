using Appliance.Agent.Logging;
using Appliance.Agent.Network;
using Appliance.Agent.Node.Documents;

namespace Appliance.Agent.Commands;

/// <summary><c>appliance-agent destroy</c>: the machine as it was before the agent. Repeatable; what is not there is no failure.</summary>
internal static class DestroyCommand
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    public static async Task<int> RunAsync(AgentOptions options)
    {
        if (!Directory.Exists(options.DataFolder))
            return 0;

        var log = new Log(Console.Error, options.LogLevel, TimeProvider.System);
        using (var folder = DataFolder.Open(options.DataFolder))
        {
            var nothing = new DesiredState(0, 0, new Dictionary<string, KindState>(), []);
            await using var parts = await OfflineNode.CreateAsync(options, folder, nothing, static _ => { }, log);
            var servers = ServersIn(folder);
            parts.Fleet.Update([]);
            await OfflineNode.AwaitAsync(() => !servers.Any(parts.Fleet.Holds), Deadline, "the guests to end");
            if (folder.HasNetwork && parts.Network is { } network)
                await network.ConvergeAsync(NetworkDesired.Nothing, CancellationToken.None);
        }

        Directory.Delete(options.DataFolder, recursive: true);
        return 0;
    }

    private static List<string> ServersIn(DataFolder folder)
    {
        var servers = Path.Combine(folder.Root, "servers");
        return Directory.Exists(servers) ? [.. Directory.EnumerateDirectories(servers).Select(static path => Path.GetFileName(path))] : [];
    }
}
