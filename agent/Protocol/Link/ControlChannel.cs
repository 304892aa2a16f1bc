using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text.Json;

namespace Appliance.Protocol.Link;

/// <summary>
/// Messages of one connection, for either side: sends one at a time, answers to requests find whoever asked, silence is filled with
/// heartbeats, and a peer that says nothing for <see cref="LinkTiming.DeadAfter"/> counts as gone.
/// </summary>
public sealed class ControlChannel(IDuplexPipe pipe, LinkStream transport, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly ConcurrentDictionary<long, TaskCompletionSource<ResponseMessage>> _asked = new();
    private long _lastRequest;

    /// <summary>Sends one message; any thread, in the order of the calls.</summary>
    public async Task SendAsync(LinkMessage message, CancellationToken ct)
    {
        await _sending.WaitAsync(ct);
        try
        {
            // Not cancelled half-way: the frame after a cut one would be garbage to the peer.
            await LinkFraming.WriteAsync(pipe.Output, message, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The next message that is neither heartbeat nor answer; null when the peer closed.</summary>
    /// <exception cref="InvalidDataException">The peer does not speak this protocol.</exception>
    public async Task<LinkMessage?> ReceiveAsync(CancellationToken ct)
    {
        while (await LinkFraming.ReadAsync(pipe.Input, ct) is { } message)
        {
            if (message.Response is { } response)
            {
                if (_asked.TryRemove(response.Id, out var asker))
                    asker.TrySetResult(response);
            }
            else if (message.Heartbeat is null)
            {
                return message;
            }
        }

        return null;
    }

    /// <summary>Asks the peer and awaits its answer.</summary>
    /// <exception cref="TimeoutException">No answer in <paramref name="timeout"/>.</exception>
    /// <exception cref="IOException">The connection ended first.</exception>
    public async Task<ResponseMessage> RequestAsync(string method, JsonElement arguments, TimeSpan timeout, CancellationToken ct)
    {
        var id = Interlocked.Increment(ref _lastRequest);
        var asker = new TaskCompletionSource<ResponseMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
        _asked[id] = asker;
        try
        {
            await SendAsync(new LinkMessage { Request = new RequestMessage(id, method, arguments) }, ct);
            return await asker.Task.WaitAsync(timeout, clock, ct);
        }
        finally
        {
            _asked.TryRemove(id, out _);
        }
    }

    /// <summary>Runs as long as the connection: fills silence, and ends with an exception when the peer is silent for too long.</summary>
    /// <exception cref="TimeoutException">The peer is gone.</exception>
    public async Task KeepAliveAsync(CancellationToken ct)
    {
        for (var sequence = 1L; ; sequence++)
        {
            await Task.Delay(LinkTiming.HeartbeatInterval / 2, clock, ct);
            if (transport.ReadSilence > LinkTiming.DeadAfter)
                throw new TimeoutException($"the peer said nothing for {LinkTiming.DeadAfter.TotalSeconds:0} s");
            if (transport.WriteSilence < LinkTiming.HeartbeatInterval / 2)
                continue;

            // A peer that reads nothing blocks the write: that must not keep this loop from noticing its silence.
            await SendAsync(new LinkMessage { Heartbeat = new HeartbeatMessage(sequence) }, ct).WaitAsync(LinkTiming.DeadAfter, clock, ct);
        }
    }

    /// <summary>Fails every open request: the connection has ended.</summary>
    public void Dispose()
    {
        foreach (var id in _asked.Keys)
        {
            if (_asked.TryRemove(id, out var asker))
                asker.TrySetException(new IOException("the link was closed"));
        }
    }
}
