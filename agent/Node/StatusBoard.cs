using System.Text.Json;
using Appliance.Agent.Node.Documents;
using Appliance.Protocol;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Node;

/// <summary>
/// What this node has, as its consumers last said: the latest status of each thing. The link takes changes from here in batches; a status that
/// is replaced before it was taken is never sent. Safe from any thread.
/// </summary>
internal sealed class StatusBoard(DocumentStore documents)
{
    private readonly Lock _state = new();
    private readonly Dictionary<DocumentKey, ObjectStatus> _latest = [];
    private readonly HashSet<DocumentKey> _changed = [];
    private readonly List<RemovedDocument> _gone = [];
    private TaskCompletionSource _wake = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Called after a status changed, on the thread that set it; for consumers that wait for another's progress. Set once, at composition.</summary>
    public Action<ObjectStatus>? Changed { get; set; }

    /// <summary>Records a status; nothing happens when it says what the last one said, or speaks of a thing nobody asks for any more.</summary>
    public void Set(ObjectStatus status)
    {
        if (!documents.IsTracked(status.Kind, status.Id))
            return;

        lock (_state)
        {
            var key = new DocumentKey(status.Kind, status.Id);
            if (_latest.TryGetValue(key, out var present) && IsSame(present, status))
                return;

            _latest[key] = status;
            _changed.Add(key);
            _wake.TrySetResult();
        }

        Changed?.Invoke(status);
    }

    /// <summary>Nothing of a removed thing is left on this node.</summary>
    public void SetGone(RemovedDocument removed)
    {
        if (!documents.ConfirmGone(removed))
            return;

        lock (_state)
        {
            var key = new DocumentKey(removed.Kind, removed.Id);
            _latest.Remove(key);
            _changed.Remove(key);
            _gone.Add(removed);
            _wake.TrySetResult();
        }
    }

    public ObjectStatus? Find(string kind, string id)
    {
        lock (_state)
            return _latest.GetValueOrDefault(new DocumentKey(kind, id));
    }

    /// <summary>All statuses, for a link that has just connected; changes until now are part of it.</summary>
    public StatusMessage TakeAll()
    {
        lock (_state)
        {
            var message = new StatusMessage(true, [.. _latest.Values], [.. _gone]);
            Clear();
            return message;
        }
    }

    /// <summary>Completes when there is something to take.</summary>
    public Task WaitAsync(CancellationToken ct)
    {
        lock (_state)
            return _wake.Task.WaitAsync(ct);
    }

    /// <summary>What changed since the last take; null when nothing did.</summary>
    public StatusMessage? TakeChanges()
    {
        lock (_state)
        {
            if (_changed.Count == 0 && _gone.Count == 0)
                return null;

            var message = new StatusMessage(false, [.. _changed.Select(key => _latest[key])], [.. _gone]);
            Clear();
            return message;
        }
    }

    private void Clear()
    {
        _changed.Clear();
        _gone.Clear();
        if (_wake.Task.IsCompleted)
            _wake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private static bool IsSame(ObjectStatus left, ObjectStatus right) =>
        left.Generation == right.Generation && left.State == right.State && left.Fault == right.Fault && IsSame(left.Details, right.Details);

    private static bool IsSame(JsonElement? left, JsonElement? right) =>
        left is null || right is null ? left is null && right is null : JsonElement.DeepEquals(left.Value, right.Value);
}
