using System.Buffers;
using System.Runtime.InteropServices;
using Appliance.Agent.Logging;
using Appliance.Protocol;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Node.Documents;

/// <summary>
/// The desired documents of this node, on its own disk: what <see cref="Apply"/> has returned for survives any crash and power cut, and what it
/// has not returned for is there either whole or not at all. One writer at a time; snapshots may be taken from any thread.
/// </summary>
internal sealed class DocumentStore : IDisposable
{
    private readonly Lock _state = new();
    private readonly Lock _writing = new();
    private readonly DocumentTable _table;
    private readonly Dictionary<DocumentKey, RemovedDocument> _removed = [];
    private readonly DocumentJournal _journal;
    private DesiredState? _snapshot;
    private long _revision = 1;
    private long _sequence;

    private DocumentStore(DocumentTable table, DocumentJournal journal, long sequence) =>
        (_table, _journal, _sequence) = (table, journal, sequence);

    /// <summary>Called after every change of the documents, on the thread that made it. Set once, before the first <see cref="Apply"/>.</summary>
    public Action? Changed { get; set; }

    public string StoreId => _journal.StoreId.ToString();

    /// <summary>Sequence of the last durable message; 0: none.</summary>
    public long LastSequence
    {
        get
        {
            lock (_state)
                return _sequence;
        }
    }

    /// <summary>Opens the store in <paramref name="folder"/>, which is created when absent.</summary>
    public static DocumentStore Open(string folder, Log log)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var replay = new TableReplay();
        var journal = DocumentJournal.Open(Path.Combine(folder, "journal"), replay, log);
        return new DocumentStore(replay.Table, journal, replay.Sequence);
    }

    public DesiredState Snapshot()
    {
        lock (_state)
            return _snapshot ??= _table.Snapshot(_revision, _sequence, [.. _removed.Values]);
    }

    /// <summary>Whether a status about this key can still interest anybody: it is desired, or its removal is not yet confirmed.</summary>
    public bool IsTracked(string kind, string id)
    {
        lock (_state)
            return _table.Contains(kind, id) || _removed.ContainsKey(new DocumentKey(kind, id));
    }

    /// <summary>Makes a message of the controller durable, then visible. Blocks for one disk flush.</summary>
    /// <returns>False when the message does not build on what is here: the caller must resynchronize.</returns>
    /// <exception cref="IOException">The disk refused it; nothing of the message counts, and it can be tried again.</exception>
    public bool Apply(ApplyMessage message)
    {
        lock (_writing)
        {
            if (!message.Full && (message.BaseSequence != LastSequence || message.Sequence < message.BaseSequence))
                return false;

            var documents = message.Documents.Select(static d =>
                new StoredDocument(d.Kind, d.Id, d.Generation, JsonMarshal.GetRawUtf8Value(d.Body).ToArray())).ToList();
            var removed = message.Full ? WithImplied(message) : message.Removed;
            if (message.Full || message.Sequence != LastSequence || documents.Count > 0 || removed.Any(r => _table.Contains(r.Kind, r.Id)))
                Persist(message, documents, removed);
            Publish(message.Sequence, documents, removed);
        }

        Changed?.Invoke();
        return true;
    }

    /// <summary>Forgets a removal: nothing of the thing is left on this node. False when it is desired again or was removed anew since.</summary>
    public bool ConfirmGone(RemovedDocument removed)
    {
        lock (_state)
        {
            var key = new DocumentKey(removed.Kind, removed.Id);
            if (!_removed.TryGetValue(key, out var present) || present != removed)
                return false;

            _removed.Remove(key);
            _snapshot = null;
            return true;
        }
    }

    public void Dispose() => _journal.Dispose();

    // A full message removes what it does not name.
    private List<RemovedDocument> WithImplied(ApplyMessage full)
    {
        var named = full.Documents.Select(static d => new DocumentKey(d.Kind, d.Id)).ToHashSet();
        named.UnionWith(full.Removed.Select(static r => new DocumentKey(r.Kind, r.Id)));
        var removed = full.Removed.ToList();
        foreach (var document in _table.All)
        {
            if (!named.Contains(new DocumentKey(document.Kind, document.Id)))
                removed.Add(new RemovedDocument(document.Kind, document.Id, full.Sequence));
        }

        return removed;
    }

    private void Persist(ApplyMessage message, List<StoredDocument> documents, IReadOnlyList<RemovedDocument> removed)
    {
        var frames = new ArrayBufferWriter<byte>();
        if (!message.Full && !_journal.NeedsReplacement(_table.LiveBytes))
        {
            foreach (var document in removed)
                JournalFrame.WriteRemoved(frames, document.Kind, document.Id);
            foreach (var document in documents)
                JournalFrame.WriteDocument(frames, document);
            JournalFrame.WriteCommit(frames, message.Sequence);
            _journal.Append(frames.WrittenSpan);
            return;
        }

        JournalFrame.WriteHeader(frames, _journal.StoreId);
        JournalFrame.Write(frames, FrameType.Full, []);
        foreach (var document in message.Full ? documents : Merge(documents, removed))
            JournalFrame.WriteDocument(frames, document);
        JournalFrame.WriteCommit(frames, message.Sequence);
        _journal.Replace(frames.WrittenSpan);
    }

    private List<StoredDocument> Merge(List<StoredDocument> documents, IReadOnlyList<RemovedDocument> removed)
    {
        var replaced = documents.Select(static d => new DocumentKey(d.Kind, d.Id)).ToHashSet();
        replaced.UnionWith(removed.Select(static r => new DocumentKey(r.Kind, r.Id)));
        return [.. _table.All.Where(d => !replaced.Contains(new DocumentKey(d.Kind, d.Id))), .. documents];
    }

    private void Publish(long sequence, List<StoredDocument> documents, IReadOnlyList<RemovedDocument> removed)
    {
        lock (_state)
        {
            _revision++;
            _sequence = sequence;
            _snapshot = null;
            foreach (var document in removed)
            {
                // Also when it was not here: the controller waits for the confirmation, and a leftover of a crash may need the pass.
                if (!_table.Remove(document.Kind, document.Id, _revision))
                    _table.Touch(document.Kind, _revision);
                _removed[new DocumentKey(document.Kind, document.Id)] = document;
            }

            foreach (var document in documents)
            {
                _table.Put(document, _revision);
                _removed.Remove(new DocumentKey(document.Kind, document.Id));
            }
        }
    }
}
