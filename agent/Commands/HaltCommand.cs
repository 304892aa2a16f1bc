using System.Collections.Concurrent;
using System.Text.Json;
using Appliance.Agent.Compute;
using Appliance.Agent.Logging;
using Appliance.Agent.Network;
using Appliance.Agent.Node.Documents;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Commands;

/// <summary>
/// <c>appliance-agent halt</c>: powers the node's guests off and takes its networks down, and keeps everything on disk: <c>run</c> brings all
/// of it back, as after a power cut.
/// </summary>
internal static class HaltCommand
{
    // A guest that does not power off in its own time (60 s unless its image says otherwise) is ended by the fleet.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    public static async Task<int> RunAsync(AgentOptions options)
    {
        if (!Directory.Exists(options.DataFolder))
            return 0;

        var log = new Log(Console.Error, options.LogLevel, TimeProvider.System);
        using var folder = DataFolder.Open(options.DataFolder);
        using var documents = DocumentStore.Open(folder.Documents, log);
        var desired = documents.Snapshot();
        var stopped = new ConcurrentDictionary<string, bool>();
        await using var parts = await OfflineNode.CreateAsync(options, folder, desired, status => Note(status, stopped), log);
        if (desired.IsKnown)
            await StopAsync(parts.Fleet, desired, stopped);
        if (folder.HasNetwork && parts.Network is { } network)
            await network.ConvergeAsync(NetworkDesired.Nothing, CancellationToken.None);
        return 0;
    }

    private static async Task StopAsync(ServerFleet fleet, DesiredState desired, ConcurrentDictionary<string, bool> stopped)
    {
        fleet.Update([.. desired.Servers.Select(static server =>
            server with { Document = server.Document with { PowerState = PowerStates.Stopped, Operations = [] } })]);
        await OfflineNode.AwaitAsync(
            () => desired.Servers.All(server => stopped.ContainsKey(server.Document.Id)), Deadline, "the guests to power off");
    }

    private static void Note(ObjectStatus status, ConcurrentDictionary<string, bool> stopped)
    {
        var power = status.Details?.Deserialize(ProtocolJson.Default.ServerStatusDetails)?.PowerState;
        if (power is not (null or PowerStates.Running or PowerStates.Paused))
            stopped[status.Id] = true;
    }
}
