using System.Threading.Channels;
using Appliance.Agent.Logging;
using Appliance.Agent.Node.Documents;

namespace Appliance.Agent.Node.Reconcile;

/// <summary>The passes of one consumer, one after another.</summary>
internal sealed class ConsumerLoop(
    IConsumer consumer, DocumentStore documents, StatusBoard board, RemovalTracker removals, TimeSpan period, TimeProvider clock, Log log)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // One slot: any number of wake-ups before a pass starts become that pass.
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long _coveredRevision;

    public string Name => consumer.Name;

    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Wakes the consumer if a document of its kinds changed since its last pass.</summary>
    public void OnDocumentsChanged()
    {
        if (documents.Snapshot().ChangedAt(consumer.Kinds) > Interlocked.Read(ref _coveredRevision))
            Wake();
    }

    public async Task RunAsync(CancellationToken ct)
    {
        await Task.Yield();
        var failures = 0;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                failures = await PassAsync(ct) ? 0 : failures + 1;
                if (failures > 0)
                    await Task.Delay(Pause(failures), clock, ct);
                else
                    await WaitAsync(ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
        }
    }

    // False: it failed and must be repeated.
    private async Task<bool> PassAsync(CancellationToken ct)
    {
        while (_wake.Reader.TryRead(out _))
        {
            // This pass sees what those wake-ups were about.
        }

        var desired = documents.Snapshot();
        if (!desired.IsKnown)
            return true;

        try
        {
            var result = await consumer.ConvergeAsync(desired, ct);
            Interlocked.Exchange(ref _coveredRevision, desired.Revision);
            foreach (var status in result.Statuses)
                board.Set(status);
            removals.Cleaned(consumer, desired.Removed, result.Remaining);
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            log.Warning("a pass failed and is repeated", e);
            return false;
        }
    }

    private async Task WaitAsync(CancellationToken ct)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var woken = _wake.Reader.WaitToReadAsync(timer.Token).AsTask();
        await Task.WhenAny(woken, Task.Delay(period, clock, timer.Token));
        await timer.CancelAsync();
        ct.ThrowIfCancellationRequested();
    }

    // Between half and all of the doubling pause, so that the nodes of a rack do not repeat in step.
    private static TimeSpan Pause(int failures)
    {
        var longest = Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 20)));
        return TimeSpan.FromMilliseconds(longest * (0.5 + Random.Shared.NextDouble() / 2));
    }
}
