using Appliance.Agent.Logging;
using Appliance.Agent.Node.Documents;

namespace Appliance.Agent.Node.Reconcile;

/// <summary>
/// Keeps the node as its documents say: each consumer makes a pass when a document of its kinds changes, when it is woken, and by timer to
/// repair what something else changed. Consumers run beside each other; one that fails is tried again with growing pauses and holds up nobody.
/// Nothing here needs the controller. A node that has never heard from one leaves everything as it is.
/// </summary>
internal sealed class ReconcileLoop : IAsyncDisposable
{
    private readonly DocumentStore _documents;
    private readonly RemovalTracker _removals;
    private readonly IReadOnlyList<ConsumerLoop> _loops;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <param name="period">Time between passes when nothing changes.</param>
    public ReconcileLoop(
        DocumentStore documents, StatusBoard board, IReadOnlyList<IConsumer> consumers, TimeSpan period, TimeProvider clock, Log log)
    {
        _documents = documents;
        _removals = new RemovalTracker(consumers, board);
        _loops = [.. consumers.Select(consumer => new ConsumerLoop(consumer, documents, board, _removals, period, clock, log.For(consumer.Name)))];
        documents.Changed += OnChanged;
    }

    public void Start()
    {
        OnChanged();
        _running = Task.WhenAll(_loops.Select(loop => loop.RunAsync(_stop.Token)));
    }

    /// <summary>Asks one consumer for a pass although no document changed; an unknown name asks nobody.</summary>
    public void Wake(string consumer) => _loops.FirstOrDefault(loop => loop.Name == consumer)?.Wake();

    public async ValueTask DisposeAsync()
    {
        _documents.Changed -= OnChanged;
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private void OnChanged()
    {
        _removals.Sweep(_documents.Snapshot().Removed);
        foreach (var loop in _loops)
            loop.OnDocumentsChanged();
    }
}
