using Appliance.Controller.Data;

namespace Appliance.Controller.Link;

/// <summary>
/// Tells the watchers what became of nodes, and the database what must outlive this process (whether a node is up, when it was last seen). A
/// pass compares every node with what the watchers were last told, so a lost wake-up or a failing watcher only delays it.
/// </summary>
internal sealed class NodeWatch(Database database, NodeRegistry nodes)
{
    private static readonly TimeSpan SeenInterval = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, Node> _told = [];
    private readonly Dictionary<string, DateTimeOffset> _recorded = [];

    /// <summary>Set before the first pass.</summary>
    public IReadOnlyList<INodeWatcher> Watchers { get; set; } = [];

    /// <summary>One look at all nodes; runs in one loop only.</summary>
    public async Task PassAsync(CancellationToken ct)
    {
        foreach (var node in nodes.All)
        {
            var told = _told.GetValueOrDefault(node.Id);
            if (told is null || told.IsUp != node.IsUp || told.HostName != node.HostName || !ReferenceEquals(told.Report, node.Report))
            {
                foreach (var watcher in Watchers)
                    await watcher.OnNodeAsync(node, ct);
            }

            if (node.LastSeenAt is { } seen && (told?.IsUp != node.IsUp || seen - _recorded.GetValueOrDefault(node.Id) > SeenInterval))
            {
                await database.WriteAsync((tx, token) => NodeStore.SetSeenAsync(tx, node.Id, node.IsUp, seen, token), ct);
                _recorded[node.Id] = seen;
            }

            _told[node.Id] = node;
        }
    }
}
