using System.Text.Json.Serialization.Metadata;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Node.Documents;

/// <summary>Everything this node should have, as of one moment; immutable, so that a pass over it sees one state from start to end.</summary>
internal sealed class DesiredState
{
    private readonly IReadOnlyDictionary<string, KindState> _kinds;

    public DesiredState(long revision, long sequence, IReadOnlyDictionary<string, KindState> kinds, IReadOnlyList<RemovedDocument> removed) =>
        (Revision, Sequence, _kinds, Removed) = (revision, sequence, kinds, removed);

    /// <summary>Counts the changes since the agent started; what a pass over this state has covered.</summary>
    public long Revision { get; }

    /// <summary>The controller's sequence; 0: this node has never heard from its controller and must not remove anything.</summary>
    public long Sequence { get; }

    public bool IsKnown => Sequence > 0;

    /// <summary>Removals the node has not yet confirmed to the controller.</summary>
    public IReadOnlyList<RemovedDocument> Removed { get; }

    public IReadOnlyList<Versioned<NetworkDocument>> Networks => List(DocumentKinds.Network, ProtocolJson.Default.NetworkDocument);
    public IReadOnlyList<Versioned<PortDocument>> Ports => List(DocumentKinds.Port, ProtocolJson.Default.PortDocument);
    public IReadOnlyList<Versioned<NeighborDocument>> Neighbors => List(DocumentKinds.Neighbor, ProtocolJson.Default.NeighborDocument);
    public IReadOnlyList<Versioned<RouterDocument>> Routers => List(DocumentKinds.Router, ProtocolJson.Default.RouterDocument);
    public IReadOnlyList<Versioned<ServerDocument>> Servers => List(DocumentKinds.Server, ProtocolJson.Default.ServerDocument);
    public IReadOnlyList<Versioned<SecurityGroupDocument>> SecurityGroups =>
        List(DocumentKinds.SecurityGroup, ProtocolJson.Default.SecurityGroupDocument);
    public IReadOnlyList<Versioned<AddressSetDocument>> AddressSets => List(DocumentKinds.AddressSet, ProtocolJson.Default.AddressSetDocument);

    /// <summary>The <see cref="Revision"/> that last changed any document of these kinds; 0: unchanged since the start.</summary>
    public long ChangedAt(IReadOnlyList<string> kinds)
    {
        var latest = 0L;
        foreach (var kind in kinds)
            latest = Math.Max(latest, _kinds.TryGetValue(kind, out var state) ? state.ChangedAt : 0);
        return latest;
    }

    /// <summary>One document; null when it is not desired, or cannot be read.</summary>
    public Versioned<T>? Find<T>(string kind, string id, JsonTypeInfo<T> type) =>
        _kinds.TryGetValue(kind, out var state) && state.Documents.TryGetValue(id, out var document) ? document.Read(type, out _) : null;

    /// <summary>
    /// All readable documents of a kind, in no particular order. One that cannot be read is left out here and reported by
    /// <see cref="Unreadable"/>: a newer controller may ask for what this agent cannot do, and the rest must go on.
    /// </summary>
    public IReadOnlyList<Versioned<T>> List<T>(string kind, JsonTypeInfo<T> type)
    {
        if (!_kinds.TryGetValue(kind, out var state))
            return [];

        var list = new List<Versioned<T>>(state.Documents.Count);
        foreach (var document in state.Documents.Values)
        {
            if (document.Read(type, out _) is { } value)
                list.Add(value);
        }

        return list;
    }

    /// <summary>An error status for each document of a kind that <see cref="List"/> leaves out.</summary>
    public IEnumerable<ObjectStatus> Unreadable<T>(string kind, JsonTypeInfo<T> type)
    {
        if (!_kinds.TryGetValue(kind, out var state))
            yield break;

        foreach (var document in state.Documents.Values)
        {
            if (document.Read(type, out var reason) is null)
                yield return new ObjectStatus(kind, document.Id, document.Generation, "error",
                    $"This node's agent cannot read the {kind} document ({reason}); upgrade the agent.", null);
        }
    }
}

/// <param name="ChangedAt">The <see cref="DesiredState.Revision"/> of the last change of this kind.</param>
/// <param name="Documents">By id.</param>
internal sealed record KindState(long ChangedAt, IReadOnlyDictionary<string, StoredDocument> Documents)
{
    public static IReadOnlyDictionary<string, StoredDocument> NoDocuments { get; } = new Dictionary<string, StoredDocument>();
}
