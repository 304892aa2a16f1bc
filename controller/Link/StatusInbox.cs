using Appliance.Controller.Data;
using Appliance.Protocol;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Link;

/// <summary>
/// Statuses of one connected node on their way to the services. Messages are merged while the services are busy, so a slow database makes
/// batches larger and never the memory; a batch that failed is repeated with what came since. Statuses are not stored here: each service keeps what
/// it needs in its own rows, and every connection begins with all of them.
/// </summary>
internal sealed partial class StatusInbox(
    Database database, string nodeId, IReadOnlyList<IStatusSink> sinks, TimeProvider clock, ILogger log) : IDisposable
{
    // More things than any node can have: past this the peer is broken or hostile.
    private const int MaxPending = 100_000;
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    private readonly Lock _state = new();
    private readonly SemaphoreSlim _wake = new(0, 1);
    private Dictionary<DocumentKey, ObjectStatus> _statuses = [];
    private HashSet<RemovedDocument> _gone = [];

    /// <exception cref="InvalidDataException">The node reports more things than a node can have.</exception>
    public void Add(StatusMessage message)
    {
        lock (_state)
        {
            foreach (var status in message.Statuses)
                _statuses[new DocumentKey(status.Kind, status.Id)] = status;
            _gone.UnionWith(message.Gone);
            if (_statuses.Count + _gone.Count > MaxPending)
                throw new InvalidDataException($"link: the node reports more than {MaxPending} things");
            if (_wake.CurrentCount == 0)
                _wake.Release();
        }
    }

    /// <summary>Hands batches to the services for as long as the connection lives.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        while (true)
        {
            await _wake.WaitAsync(ct);
            var (statuses, gone) = Take();
            try
            {
                await database.WriteAsync((tx, token) => DeliverAsync(tx, statuses, gone, token), ct);
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                LogFailure(e, nodeId);
                PutBack(statuses, gone);
                await Task.Delay(PauseAfterFailure, clock, ct);
            }
        }
    }

    public void Dispose() => _wake.Dispose();

    private async Task DeliverAsync(
        Session tx, Dictionary<DocumentKey, ObjectStatus> statuses, HashSet<RemovedDocument> gone, CancellationToken ct)
    {
        var confirmed = new List<DocumentKey>();
        foreach (var removed in gone)
        {
            if (await DesiredDocuments.ForgetAsync(tx, nodeId, removed, ct))
                confirmed.Add(new DocumentKey(removed.Kind, removed.Id));
        }

        // A node may speak only of what it was given, and not of a generation it was never given.
        var known = new List<ObjectStatus>();
        foreach (var status in statuses.Values)
        {
            if (status.Generation <= await DesiredDocuments.FindGenerationAsync(tx, nodeId, status.Kind, status.Id, ct))
                known.Add(status);
        }

        foreach (var sink in sinks)
        {
            var (itsStatuses, itsGone) = (
                known.Where(status => sink.Kinds.Contains(status.Kind)).ToList(), confirmed.Where(key => sink.Kinds.Contains(key.Kind)).ToList());
            if (itsStatuses.Count + itsGone.Count > 0)
                await sink.OnStatusAsync(tx, nodeId, itsStatuses, itsGone, ct);
        }
    }

    private (Dictionary<DocumentKey, ObjectStatus> Statuses, HashSet<RemovedDocument> Gone) Take()
    {
        lock (_state)
        {
            var taken = (_statuses, _gone);
            (_statuses, _gone) = ([], []);
            return taken;
        }
    }

    private void PutBack(Dictionary<DocumentKey, ObjectStatus> statuses, HashSet<RemovedDocument> gone)
    {
        lock (_state)
        {
            foreach (var (key, status) in statuses)
                _statuses.TryAdd(key, status);        // what came since is newer
            _gone.UnionWith(gone);
            if (_wake.CurrentCount == 0)
                _wake.Release();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "statuses of node {NodeId} could not be recorded; trying again")]
    private partial void LogFailure(Exception exception, string nodeId);
}
