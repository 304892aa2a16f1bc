using System.Text.Json;
using Appliance.Agent.Compute.Processes;
using Appliance.Agent.Logging;

namespace Appliance.Agent.Compute.Qemu;

/// <summary>
/// Stays connected to the monitor of one running QEMU: connects, asks for the state of the machine, listens to events, and does so again when
/// the connection breaks. It ends with the process.
/// </summary>
internal sealed class QemuMonitor : IAsyncDisposable
{
    public const string SocketName = "qmp.sock";

    private static readonly TimeSpan ReconnectAfter = TimeSpan.FromSeconds(1);

    private readonly string _folder;
    private readonly Func<QmpConnection, string, Task> _connected;
    private readonly Action<string, JsonElement> _handle;
    private readonly Log _log;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Task _loop;
    private TaskCompletionSource<QmpConnection> _current = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="connected">Called after each connect with the machine's run state (QMP <c>query-status</c>), before commands of others.</param>
    /// <param name="handle">Called for each event, in order; does not block.</param>
    public QemuMonitor(string folder, Func<QmpConnection, string, Task> connected, Action<string, JsonElement> handle, Log log, TimeProvider clock)
    {
        (_folder, _connected, _handle, _log, _clock) = (folder, connected, handle, log, clock);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Completes when the monitor has answered for the first time.</summary>
    public Task<QmpConnection> Connected
    {
        get
        {
            lock (_lock)
                return _current.Task;
        }
    }

    /// <summary>Executes a command without arguments, once there is a connection; false when the connection or the token ended first.</summary>
    public async Task<bool> TryExecuteAsync(string command, CancellationToken ct)
    {
        try
        {
            var connection = await Connected.WaitAsync(ct);
            return (await connection.ExecuteAsync(command, null, ct)).Error is null;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await ConverseAsync();
                await Task.Delay(ReconnectAfter, _clock, _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
            }
            catch (Exception e)
            {
                // What a monitor sends may be anything once a guest has taken its process over; it costs that guest its monitor only.
                _log.Warning("a guest's monitor was lost", e);
                await Task.Delay(ReconnectAfter, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ConverseAsync()
    {
        var ct = _stop.Token;
        if (await UnixClient.TryConnectAsync(_folder, SocketName, ct) is not { } socket)
            return;

        using var connection = await QmpConnection.OpenAsync(socket, ct);
        var reading = connection.RunAsync(_handle, ct);
        try
        {
            var status = await connection.ExecuteAsync("query-status", null, ct);
            await _connected(connection, status.Error is null && status.Result.TryGetProperty("status", out var state) ? state.GetString() ?? "" : "");
            lock (_lock)
                _current.TrySetResult(connection);
        }
        finally
        {
            await reading;
            lock (_lock)
                _current = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
