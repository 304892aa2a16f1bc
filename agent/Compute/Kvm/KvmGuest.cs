using Appliance.Agent.Compute.Processes;
using Appliance.Agent.Compute.Serial;
using Appliance.Agent.Logging;

namespace Appliance.Agent.Compute.Kvm;

/// <summary>A guest in a machine's process, just started or found running.</summary>
internal sealed class KvmGuest : IGuest
{
    private const int SIGKILL = 9;

    /// <summary>A machine that has not answered by then hangs: the button counts as pressed in vain.</summary>
    private static readonly TimeSpan PressTimeout = TimeSpan.FromSeconds(5);

    private readonly HypervisorProcess _process;
    private readonly string _serverId;
    private readonly string _folder;
    private readonly SerialRelay? _serial;
    private readonly Log _log;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _letGo = new();
    private readonly TaskCompletionSource<GuestEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _watching;
    private volatile bool _isKilled;

    /// <param name="process">This object owns it.</param>
    /// <param name="serial">The port's relay, also owned; null when it could not be joined.</param>
    public KvmGuest(HypervisorProcess process, ServerRecord server, SerialRelay? serial, ProcessExits exits, Log log, TimeProvider clock)
    {
        (_process, _serverId, _folder, _serial, _log, _clock) = (process, server.Id, server.Folder, serial, log, clock);
        _watching = WatchAsync(exits);
    }

    public Task<GuestEnd> Ended => _ended.Task;

    public async Task PressPowerButtonAsync(CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct);
        // That the machine is gone is no failure of its own: who presses waits for the end.
        var press = KvmControl.TryExecuteAsync(_folder, "power-button", either.Token);
        await Task.WhenAny(press, Ended, Task.Delay(PressTimeout, _clock, either.Token));
        await either.CancelAsync();
        await ((Task)press).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ct.ThrowIfCancellationRequested();
    }

    public async Task KillAsync(CancellationToken ct)
    {
        _isKilled = true;
        _process.Signal(SIGKILL);
        await Ended.WaitAsync(ct);
    }

    public Stream? OpenSerial() => _serial?.Open();

    public async ValueTask DisposeAsync()
    {
        await _letGo.CancelAsync();
        await _watching;
        if (_serial is not null)
            await _serial.DisposeAsync();
        _process.Dispose();
        _letGo.Dispose();
    }

    private async Task WatchAsync(ProcessExits exits)
    {
        try
        {
            await exits.WhenEndedAsync(_process.Descriptor, _letGo.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        var exit = _process.Reap();
        if (_serial is not null)
            await _serial.Completed;
        GuestCgroup.Remove(_serverId);
        var end = _isKilled ? GuestEnd.Killed : KvmFiles.ReadEnd(_folder);
        if (end == GuestEnd.Crashed)
            _log.Warning($"machine process {_process.Identity.ProcessId} died ({exit?.ToString() ?? "not a child of this agent"}): {_process.ErrorText}");
        _ended.SetResult(end);
    }
}

/// <summary>A guest that ended while no agent was there to see it.</summary>
/// <param name="end">What its machine said.</param>
internal sealed class EndedGuest(GuestEnd end) : IGuest
{
    public Task<GuestEnd> Ended { get; } = Task.FromResult(end);

    public Task PressPowerButtonAsync(CancellationToken ct) => Task.CompletedTask;

    public Task KillAsync(CancellationToken ct) => Task.CompletedTask;

    public Stream? OpenSerial() => null;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
