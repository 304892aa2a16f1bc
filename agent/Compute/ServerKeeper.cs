using System.Threading.Channels;
using Appliance.Agent.Faults;
using Appliance.Agent.Logging;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Compute;

/// <summary>
/// Keeps one server as its document wants it: one loop, so everything about the server happens in order. A pass looks at what is and closes
/// the difference; a new document, the end of the guest, a port's change or the retry timer starts the next one. A new document also cancels
/// the pass under way, which is as safe as killing the agent there.
/// </summary>
internal sealed class ServerKeeper : IAsyncDisposable
{
    private readonly ServerConvergence _convergence;
    private readonly FleetContext _context;
    private readonly Action<ServerKeeper> _finished;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Task _loop;

    private Versioned<ServerDocument>? _desired;
    private CancellationTokenSource? _pass;
    private Task _cancelling = Task.CompletedTask;
    private ServerStatus? _reported;
    private TimeSpan _retryAfter;
    private bool _isFinished;

    /// <param name="desired">Null: the server is to be removed.</param>
    /// <param name="finished">Called once, when nothing of the server is left and it is not desired again.</param>
    public ServerKeeper(
        ServerRecord record, Versioned<ServerDocument>? desired, FleetContext context, Action<ServerKeeper> finished)
    {
        Id = record.Id;
        (_desired, _context, _finished) = (desired, context, finished);
        _retryAfter = context.Options.RetryAfter;
        _convergence = new ServerConvergence(record, context, Report, Wake);
        Wake();
        _loop = Task.Run(RunAsync);
    }

    public string Id { get; }

    /// <summary>The running guest's serial port; null when no guest runs.</summary>
    public Stream? OpenSerial() => _convergence.Guest?.OpenSerial();

    public Task<byte[]> ReadConsoleLogAsync(int maxBytes, CancellationToken ct) => _convergence.ReadConsoleLogAsync(maxBytes, ct);

    /// <summary>Gives the keeper its newest document, or null to remove the server. False when it has finished already: make a new one.</summary>
    public bool TryUpdate(Versioned<ServerDocument>? desired)
    {
        lock (_lock)
        {
            if (_isFinished)
                return false;
            if (_desired?.Generation == desired?.Generation)
                return true;

            _desired = desired;
            CancelPassLocked();
        }

        Wake();
        return true;
    }

    /// <summary>Looks again when the server waits for this port; cheap when it does not.</summary>
    public void PortChanged(string portId)
    {
        if (_convergence.IsWaitingForPorts && _desired?.Document.PortIds.Contains(portId) == true)
            Wake();
    }

    /// <summary>Looks again when a passing fault holds the server up.</summary>
    public void Retry()
    {
        if (_reported?.Fault is not null)
            Wake();
    }

    /// <summary>Lets go of the server; its guest runs on.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        lock (_lock)
            CancelPassLocked();
        await _loop;
        await _cancelling;
        await _convergence.DisposeAsync();
        _stop.Dispose();
    }

    // On another thread: what is cancelled may go on in the call, and the caller may hold the fleet's lock.
    private void CancelPassLocked()
    {
        if (_pass is { IsCancellationRequested: false } pass)
            _cancelling = Task.WhenAll(_cancelling, pass.CancelAsync());
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    private async Task RunAsync()
    {
        using var retry = _context.Clock.CreateTimer(static keeper => ((ServerKeeper)keeper!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            while (true)
            {
                await _wake.Reader.ReadAsync(_stop.Token);
                if (await PassAsync() is { } fault)
                    ScheduleRetry(retry, fault);
                else
                    _retryAfter = _context.Options.RetryAfter;

                if (_isFinished)
                    break;
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            return;
        }

        _finished(this);
    }

    /// <summary>One pass over the newest document; the fault that held it up, or null.</summary>
    private async Task<Fault?> PassAsync()
    {
        Versioned<ServerDocument>? desired;
        CancellationToken ct;
        lock (_lock)
        {
            // Never disposed: it has neither a timer nor a parent, and a late cancellation must find it whole.
            _pass = new CancellationTokenSource();
            (desired, ct) = (_desired, _pass.Token);
            if (_stop.IsCancellationRequested)
                CancelPassLocked();
        }

        try
        {
            if (desired is not null)
                return await _convergence.ConvergeAsync(desired, ct);

            await _convergence.RemoveAsync(ct);
            Finish();
            return null;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return null;   // the wake-up that goes with the cancellation is waiting already
        }
        catch (Exception e)
        {
            _context.Log.Error($"server {Id}: the agent failed while working on it; it tries again", e);
            var fault = new Fault("The node's agent failed while working on this server; its log has the details. It tries again.", FaultKind.Passing);
            _convergence.ReportFault(desired?.Generation ?? 0, fault);
            return fault;
        }
        finally
        {
            lock (_lock)
                _pass = null;
        }
    }

    private void Finish()
    {
        lock (_lock)
            _isFinished = _desired is null;
    }

    private void ScheduleRetry(ITimer timer, Fault fault)
    {
        if (fault.Kind == FaultKind.Final)
            return;

        timer.Change(_retryAfter, Timeout.InfiniteTimeSpan);
        var longest = _context.Options.RetryAfterAtMost;
        _retryAfter = _retryAfter * 2 < longest ? _retryAfter * 2 : longest;
    }

    private void Report(ServerStatus status)
    {
        if (status == _reported)
            return;

        _reported = status;
        _context.Report(status.ToDocument(Id));
    }
}
