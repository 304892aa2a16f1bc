using System.Security.Cryptography.X509Certificates;
using Appliance.Agent.Logging;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Link;

/// <summary>
/// Keeps the node connected to its controller for as long as the agent lives: dials, runs a <see cref="LinkSession"/>, and dials again when it
/// ends. Renews the node's certificate long before it expires. Nothing on the node waits for this.
/// </summary>
internal sealed class ControllerLink(
    ControllerAddress controller, IdentityStore identities, NodeIdentity identity, LinkContext context) : IAsyncDisposable
{
    // A connection that lived this long was a good one: the next attempt follows at once.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RenewalCheck = TimeSpan.FromHours(6);

    private readonly CancellationTokenSource _stop = new();
    private readonly Log _log = context.Log;
    private readonly Lock _state = new();
    private LinkSession? _session;
    private TaskCompletionSource _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private NodeIdentity _identity = identity;
    private Task _running = Task.CompletedTask;

    /// <summary>Called whenever the controller has welcomed this node; set before <see cref="Start"/>.</summary>
    public Action? Connected { get; set; }

    public bool IsConnected
    {
        get
        {
            lock (_state)
                return _session is not null;
        }
    }

    public void Start() => _running = Task.WhenAll(Task.Run(() => ConnectAsync(_stop.Token)), Task.Run(() => RenewAsync(_stop.Token)));

    /// <summary>Opens an image's bytes from an offset, waiting for a connection first.</summary>
    /// <exception cref="IOException">The controller refused, or the connection ended: try again.</exception>
    public async Task<Stream> OpenImageAsync(string imageId, long offset, CancellationToken ct)
    {
        while (true)
        {
            Task connected;
            LinkSession? session;
            lock (_state)
                (connected, session) = (_connected.Task, _session);
            if (session is not null)
                return await session.OpenImageAsync(imageId, offset, ct);
            await connected.WaitAsync(ct);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task ConnectAsync(CancellationToken ct)
    {
        var backoff = new Backoff(Random.Shared);
        while (!ct.IsCancellationRequested)
        {
            var started = context.Clock.GetTimestamp();
            try
            {
                await ServeAsync(ct);
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                _log.Warning($"no link to {controller}; trying again", e);
            }
            catch (Exception)
            {
                return;
            }

            if (context.Clock.GetElapsedTime(started) > Settled)
                backoff.Reset();
            await Task.Delay(backoff.Next(), context.Clock, ct).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(CancellationToken ct)
    {
        NodeIdentity current;
        lock (_state)
            current = _identity;
        using var authority = current.LoadAuthority();
        using var certificate = current.LoadCertificate();
        await using var connection = await TlsDialer.DialAsync(controller, authority, certificate, ct);
        var answer = await HttpExchange.UpgradeAsync(connection, ct);
        if (answer.Status != 101)
            throw new IOException(answer.Reason);

        await using var session = new LinkSession(connection, context);
        try
        {
            await session.RunAsync(() => SetSession(session), ct);
        }
        finally
        {
            SetSession(null);
        }
    }

    private void SetSession(LinkSession? session)
    {
        lock (_state)
        {
            _session = session;
            if (session is null)
                _connected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            else
                _connected.TrySetResult();
        }

        if (session is null)
            return;

        _log.Information($"connected to {controller}");
        Connected?.Invoke();
    }

    private async Task RenewAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                NodeIdentity current;
                lock (_state)
                    current = _identity;
                if (current.IsDueForRenewal(context.Clock.GetUtcNow()))
                {
                    var renewed = await new Enrolment(controller, identities).RenewAsync(current, ct);
                    lock (_state)
                        _identity = renewed;
                    _log.Information("the node's certificate was renewed");
                }
            }
            catch (Exception e) when (!ct.IsCancellationRequested)
            {
                _log.Warning("the node's certificate could not be renewed; trying again", e);
            }
            catch (Exception)
            {
                return;
            }

            await Task.Delay(RenewalCheck, context.Clock, ct).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }
}
