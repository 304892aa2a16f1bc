using System.Threading.Channels;

namespace Appliance.Controller.Data;

/// <summary>
/// Authentications on their way into the change log. They come by the thousand per second, so they are not committed one by one: a loop
/// writes what is waiting together. One that failed is durable before it is answered, and those that fail at the same time share the commit.
/// One that succeeded is durable within <see cref="Linger"/>; <c>kill -9</c> loses those of that time. When more wait than
/// <see cref="MaxWaiting"/>, successes are counted instead of kept, and the log says how many; failures wait.
/// </summary>
internal sealed partial class AuthenticationLog(Database database, ChangeLog changes, TimeProvider clock, ILogger log) : IAsyncDisposable
{
    /// <summary>How long a success may wait for others to be written with.</summary>
    public static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(200);

    /// <summary>Some hundred bytes each: a few megabytes at most.</summary>
    public const int MaxWaiting = 8192;

    // Bounds how long the one writer of the database is kept from others: some milliseconds.
    private const int MaxBatch = 512;

    private readonly Channel<Waiting> _waiting = Channel.CreateBounded<Waiting>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly SemaphoreSlim _isUrgent = new(0, 1);
    private long _lost;
    private Task _writing = Task.CompletedTask;

    public void Start() => _writing = Task.Run(WriteAllAsync);

    /// <summary>Records a success; costs no I/O and never waits.</summary>
    public void Record(Actor actor, Change change)
    {
        if (!_waiting.Writer.TryWrite(new Waiting(clock.GetUtcNow(), actor, change, null)))
            Interlocked.Increment(ref _lost);
    }

    /// <summary>Records a failure; durable when it returns.</summary>
    public async Task RecordDurablyAsync(Actor actor, Change change, CancellationToken ct)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _waiting.Writer.WriteAsync(new Waiting(clock.GetUtcNow(), actor, change, written), ct);
        Hurry();
        await written.Task.WaitAsync(ct);
    }

    /// <summary>Writes what waits, and takes no more.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        Hurry();
        await _writing;
        _isUrgent.Dispose();
    }

    private void Hurry()
    {
        try
        {
            if (_isUrgent.CurrentCount == 0)
                _isUrgent.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // Somebody else did in between, or all is written.
        }
    }

    private async Task WriteAllAsync()
    {
        var batch = new List<Waiting>(MaxBatch);
        while (await _waiting.Reader.WaitToReadAsync())
        {
            await _isUrgent.WaitAsync(Linger);
            while (Take(batch))
                await WriteAsync(batch);
        }
    }

    private bool Take(List<Waiting> batch)
    {
        batch.Clear();
        while (batch.Count < MaxBatch && _waiting.Reader.TryRead(out var next))
            batch.Add(next);
        return batch.Count > 0;
    }

    // A failure that cannot be recorded is not answered as one: its request fails.
    private async Task WriteAsync(List<Waiting> batch)
    {
        var lost = Interlocked.Exchange(ref _lost, 0);
        try
        {
            await database.WriteAsync(async (tx, ct) =>
            {
                foreach (var (at, actor, change, _) in batch)
                    await changes.AppendAsync(tx, at, actor, change, ct);
                if (lost > 0)
                    await changes.AppendAsync(tx, Actor.System, new Change("audit", "authentications", "lost", null, "delete", $$"""{"count":{{lost}}}"""), ct);
            }, CancellationToken.None);
            batch.ForEach(static one => one.Written?.SetResult());
        }
        catch (Exception e)
        {
            Interlocked.Add(ref _lost, lost + batch.Count(static one => one.Written is null));
            LogFailure(e, batch.Count);
            batch.ForEach(one => one.Written?.SetException(e));
        }
    }

    /// <param name="Written">Completed once it is durable; null: nobody waits.</param>
    private readonly record struct Waiting(DateTimeOffset At, Actor Actor, Change Change, TaskCompletionSource? Written);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Count} authentications could not be recorded")]
    private partial void LogFailure(Exception exception, int count);
}
