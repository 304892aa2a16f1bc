using Appliance.Protocol;

namespace Appliance.Agent.Node.Reconcile;

/// <summary>
/// Knows which consumers have cleaned up after each removal: a removed thing is gone when every consumer of its kind has made a pass that saw
/// the removal and left nothing. A kind without consumers has nothing to clean.
/// </summary>
internal sealed class RemovalTracker(IReadOnlyList<IConsumer> consumers, StatusBoard board)
{
    private readonly Lock _state = new();
    private readonly Dictionary<RemovedDocument, HashSet<IConsumer>> _cleanedBy = [];

    public void Cleaned(IConsumer consumer, IReadOnlyList<RemovedDocument> removed, IReadOnlySet<DocumentKey>? remaining)
    {
        foreach (var document in removed)
        {
            if (consumer.Kinds.Contains(document.Kind) && remaining?.Contains(new DocumentKey(document.Kind, document.Id)) != true
                && IsGone(consumer, document))
                board.SetGone(document);
        }
    }

    /// <summary>Confirms removals of kinds that nobody consumes, and forgets those that are no longer pending.</summary>
    public void Sweep(IReadOnlyList<RemovedDocument> pending)
    {
        foreach (var document in pending)
        {
            if (!consumers.Any(consumer => consumer.Kinds.Contains(document.Kind)))
                board.SetGone(document);
        }

        lock (_state)
        {
            foreach (var document in _cleanedBy.Keys.Except(pending).ToList())
                _cleanedBy.Remove(document);
        }
    }

    private bool IsGone(IConsumer consumer, RemovedDocument document)
    {
        lock (_state)
        {
            if (!_cleanedBy.TryGetValue(document, out var cleanedBy))
                _cleanedBy.Add(document, cleanedBy = []);
            cleanedBy.Add(consumer);
            if (consumers.Any(other => other.Kinds.Contains(document.Kind) && !cleanedBy.Contains(other)))
                return false;

            _cleanedBy.Remove(document);
            return true;
        }
    }
}
