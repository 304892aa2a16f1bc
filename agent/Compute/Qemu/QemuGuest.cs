using System.Text.Json;
using Appliance.Agent.Compute.Processes;
using Appliance.Agent.Compute.Serial;
using Appliance.Agent.Logging;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Compute.Qemu;

/// <summary>A guest in a QEMU process, just started or found running.</summary>
internal sealed class QemuGuest : IGuest
{
    private const int SIGKILL = 9;
    private const int SIGTERM = 15;

    /// <summary>QEMU flushes disks when it is asked to go; after this it is stuck.</summary>
    private static readonly TimeSpan ExitTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long a guest whose disk could not be written, because the node's is full, waits before it tries again.</summary>
    private static readonly TimeSpan ResumeAfter = TimeSpan.FromSeconds(30);

    /// <summary>A monitor that has not answered by then hangs: the button counts as pressed in vain.</summary>
    private static readonly TimeSpan PressTimeout = TimeSpan.FromSeconds(5);

    private readonly HypervisorProcess _process;
    private readonly SerialRelay? _serial;
    private readonly Log _log;
    private readonly TimeProvider _clock;
    private readonly QemuMonitor _monitor;
    private readonly ITimer _exitTimer;
    private readonly ITimer _resumeTimer;
    private readonly CancellationTokenSource _letGo = new();
    private readonly TaskCompletionSource<GuestEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _watching;
    private Task _resuming = Task.CompletedTask;
    private volatile bool _hasPoweredOff;
    private volatile bool _isKilled;

    /// <param name="process">This object owns it.</param>
    /// <param name="serial">The port's relay, also owned; null when it could not be joined.</param>
    public QemuGuest(HypervisorProcess process, string folder, SerialRelay? serial, ProcessExits exits, Log log, TimeProvider clock)
    {
        (_process, _serial, _log, _clock) = (process, serial, log, clock);
        _exitTimer = clock.CreateTimer(_ => process.Signal(SIGKILL), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _resumeTimer = clock.CreateTimer(_ => Resume(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _monitor = new QemuMonitor(folder, GreetAsync, Handle, log, clock);
        _watching = WatchAsync(exits);
    }

    public Task<GuestEnd> Ended => _ended.Task;

    /// <summary>Completes when QEMU's monitor answers and its machine was told to run.</summary>
    public Task Ready => _monitor.Connected;

    public async Task PressPowerButtonAsync(CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct);
        // That the monitor is gone is no failure of its own: who presses waits for the end.
        var press = _monitor.TryExecuteAsync("system_powerdown", either.Token);
        await Task.WhenAny(press, Ended, Task.Delay(PressTimeout, _clock, either.Token));
        await either.CancelAsync();
        await press;
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
        await _exitTimer.DisposeAsync();
        await _resumeTimer.DisposeAsync();
        await _resuming;
        await _monitor.DisposeAsync();
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

        var end = _process.Reap();
        // The last words of the guest are in its log before anybody learns that it ended.
        if (_serial is not null)
            await _serial.Completed;
        if (!_isKilled && !_hasPoweredOff)
            _log.Warning($"QEMU process {_process.Identity.ProcessId} died ({end?.ToString() ?? "not a child of this agent"}): {_process.ErrorText}");
        _ended.SetResult(_isKilled ? GuestEnd.Killed : _hasPoweredOff ? GuestEnd.PoweredOff : GuestEnd.Crashed);
    }

    /// <summary>First words to a monitor: a machine that has not run yet runs now; one that has switched itself off may go.</summary>
    private async Task GreetAsync(QmpConnection monitor, string state)
    {
        switch (state)
        {
            case "shutdown":
                NotePowerOff();
                break;
            case "prelaunch" or "paused" or "io-error":
                await monitor.ExecuteAsync("cont", null, _letGo.Token);
                break;
            case "internal-error" or "guest-panicked":
                _log.Warning($"QEMU process {_process.Identity.ProcessId}: the machine stopped with {state}");
                _process.Signal(SIGKILL);
                break;
        }
    }

    private void Handle(string name, JsonElement data)
    {
        if (data.ValueKind != JsonValueKind.Object)
            return;

        switch (name)
        {
            // After this event the process waits, because of -no-shutdown. Not of the guest: somebody ended QEMU by a signal.
            case "SHUTDOWN" when data.TryGetProperty("guest", out var byGuest) && byGuest.ValueKind == JsonValueKind.True:
                NotePowerOff();
                break;
            case "BLOCK_IO_ERROR" when data.TryGetProperty("action", out var action) && action.GetString() == "stop":
                _log.Warning($"QEMU process {_process.Identity.ProcessId}: the guest waits because its disk cannot be written; is the node's disk full?");
                _resumeTimer.Change(ResumeAfter, Timeout.InfiniteTimeSpan);
                break;
        }
    }

    private void NotePowerOff()
    {
        _hasPoweredOff = true;
        _process.Signal(SIGTERM);
        _exitTimer.Change(ExitTimeout, Timeout.InfiniteTimeSpan);
    }

    private void Resume() => _resuming = _monitor.TryExecuteAsync("cont", _letGo.Token);
}
