using System.Collections.Concurrent;
using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Link;

/// <summary>
/// All nodes, in memory, with their connections. A node counts as up while it is connected, for a moment after its connection broke (agents
/// are upgraded, links blink), and after a start of the controller until it has had time to come back.
/// </summary>
internal sealed class NodeRegistry(TimeProvider clock) : INodes
{
    /// <summary>How long a node may be without connection and still count as up.</summary>
    public static readonly TimeSpan ReconnectGrace = TimeSpan.FromSeconds(5);
    /// <summary>The same after a start of the controller: an agent's longest pause between attempts, and a little.</summary>
    public static readonly TimeSpan StartGrace = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<string, Entry> _nodes = new();
    private readonly ConcurrentDictionary<string, NodeSession> _sessions = new();

    public IReadOnlyList<Node> All => [.. _nodes.Values.Where(static entry => !entry.Row.IsRevoked).Select(ToNode).OrderBy(static node => node.HostName, StringComparer.Ordinal)];

    public Node? Find(string nodeId) => _nodes.TryGetValue(nodeId, out var entry) && !entry.Row.IsRevoked ? ToNode(entry) : null;

    public Task<ResponseMessage> RequestAsync(string nodeId, string method, JsonElement arguments, CancellationToken ct) =>
        GetSession(nodeId).RequestAsync(method, arguments, ct);

    public Task<Stream> OpenChannelAsync(string nodeId, string channel, CancellationToken ct) =>
        GetSession(nodeId).OpenChannelAsync(channel, ct);

    /// <summary>Takes over what the database says when the controller starts.</summary>
    public void Load(IEnumerable<NodeRow> rows)
    {
        var now = clock.GetUtcNow();
        foreach (var row in rows)
            _nodes[row.Id] = new Entry(row, row.IsUp ? now + StartGrace : null);
    }

    /// <summary>Takes over a row that has changed.</summary>
    public void Set(NodeRow row) => _nodes.AddOrUpdate(row.Id, static (_, row) => new Entry(row, null),
        static (_, entry, row) => entry with { Row = row }, row);

    public bool IsConnected(string nodeId) => _sessions.ContainsKey(nodeId);

    public NodeSession? FindSession(string nodeId) => _sessions.GetValueOrDefault(nodeId);

    /// <summary>The node's connection from now on; the one it replaces, if any, is closed.</summary>
    public void Connect(NodeSession session)
    {
        NodeSession? former = null;
        _sessions.AddOrUpdate(session.NodeId, session, (_, present) =>
        {
            former = present;
            return session;
        });
        former?.Close();
    }

    /// <summary>The connection has ended, unless it had been replaced.</summary>
    public void Disconnect(NodeSession session)
    {
        if (_sessions.TryRemove(new KeyValuePair<string, NodeSession>(session.NodeId, session))
            && _nodes.TryGetValue(session.NodeId, out var entry))
        {
            var now = clock.GetUtcNow();
            _nodes.TryUpdate(session.NodeId, new Entry(entry.Row with { LastSeenAt = now }, now + ReconnectGrace), entry);
        }
    }

    private Node ToNode(Entry entry)
    {
        var isConnected = _sessions.ContainsKey(entry.Row.Id);
        var now = clock.GetUtcNow();
        return new Node(
            entry.Row.Id, entry.Row.HostName, isConnected || entry.UpUntil > now, isConnected ? now : entry.Row.LastSeenAt,
            entry.Row.EnrolledAt, entry.Row.Report);
    }

    private NodeSession GetSession(string nodeId) => _sessions.TryGetValue(nodeId, out var session)
        ? session
        : throw new NodeUnreachableException(_nodes.TryGetValue(nodeId, out var entry)
            ? $"node {entry.Row.HostName} is not connected" + (entry.Row.LastSeenAt is { } seen ? $" since {seen:u}" : "")
            : $"node {nodeId} is unknown");

    /// <param name="UpUntil">Until when it counts as up without connection; null: not at all.</param>
    private sealed record Entry(NodeRow Row, DateTimeOffset? UpUntil);
}
