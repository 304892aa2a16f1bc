namespace Appliance.Controller.Work;

/// <summary>
/// A loop that looks at what should be and what is, and closes the difference. Takes no input: waking it says "look", not "look at this".
/// Runs once at start, after every wake-up and by timer; passes never overlap; a failed pass is logged and the next one tries again.
/// </summary>
internal sealed partial class Reconciler(string name, TimeSpan period, Func<CancellationToken, Task> pass, TimeProvider clock, ILogger log)
    : IAsyncDisposable
{
    // A failing pass is repeated no faster than this, however often it is woken.
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _wake = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public void Start() => _loop = Task.Run(RunAsync);

    /// <summary>Asks for a pass. Cheap; many wake-ups before a pass starts become one.</summary>
    public void Wake()
    {
        if (_wake.CurrentCount > 0)
            return;
        try
        {
            _wake.Release();
        }
        catch (Exception e) when (e is SemaphoreFullException or ObjectDisposedException)
        {
            // Somebody else woke it in between, or it has stopped.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
        _wake.Dispose();
    }

    private async Task RunAsync()
    {
        var ct = _stop.Token;
        while (!ct.IsCancellationRequested)
        {
            try
            {
                await _wake.WaitAsync(period, ct);
                await pass(ct);
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogFailure(e, name);
                await Task.Delay(PauseAfterFailure, clock, ct).ContinueWith(static _ => { }, TaskScheduler.Default);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "reconciler {Name}: a pass failed; trying again")]
    private partial void LogFailure(Exception exception, string name);
}
