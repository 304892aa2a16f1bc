using Appliance.Protocol;

namespace Appliance.Agent.Node.Documents;

/// <summary>The documents in memory, by kind and id, with the revision each kind last changed at. Not thread-safe: its store locks.</summary>
internal sealed class DocumentTable
{
    private readonly Dictionary<string, Dictionary<string, StoredDocument>> _kinds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, KindState> _states = new(StringComparer.Ordinal);

    /// <summary>What a journal with exactly these documents takes on disk.</summary>
    public long LiveBytes { get; private set; }

    public IEnumerable<StoredDocument> All => _kinds.Values.SelectMany(static kind => kind.Values);

    public bool Contains(string kind, string id) => _kinds.TryGetValue(kind, out var documents) && documents.ContainsKey(id);

    /// <summary>False when the same document was there already.</summary>
    public bool Put(StoredDocument document, long revision)
    {
        if (!_kinds.TryGetValue(document.Kind, out var documents))
            _kinds.Add(document.Kind, documents = new Dictionary<string, StoredDocument>(StringComparer.Ordinal));
        if (documents.TryGetValue(document.Id, out var present))
        {
            if (present.IsSameAs(document))
                return false;
            LiveBytes -= Size(present);
        }

        documents[document.Id] = document;
        LiveBytes += Size(document);
        Touch(document.Kind, revision);
        return true;
    }

    /// <summary>False when there was none.</summary>
    public bool Remove(string kind, string id, long revision)
    {
        if (!_kinds.TryGetValue(kind, out var documents) || !documents.Remove(id, out var present))
            return false;

        LiveBytes -= Size(present);
        Touch(kind, revision);
        return true;
    }

    /// <summary>Marks a kind as changed, so that its consumers run again.</summary>
    public void Touch(string kind, long revision) => _states[kind] = new KindState(revision, KindState.NoDocuments);

    public void Clear()
    {
        _kinds.Clear();
        _states.Clear();
        LiveBytes = 0;
    }

    /// <summary>The present state, sharing with earlier snapshots what has not changed since.</summary>
    public DesiredState Snapshot(long revision, long sequence, IReadOnlyList<RemovedDocument> removed)
    {
        foreach (var (kind, documents) in _kinds)
        {
            var state = _states[kind];
            if (state.Documents.Count != documents.Count)      // emptied by Touch
                _states[kind] = state with { Documents = new Dictionary<string, StoredDocument>(documents, StringComparer.Ordinal) };
        }

        return new DesiredState(revision, sequence, new Dictionary<string, KindState>(_states, StringComparer.Ordinal), removed);
    }

    private static long Size(StoredDocument document) =>
        JournalFrame.HeadBytes + 12 + document.Kind.Length + document.Id.Length + document.Body.Length;
}
