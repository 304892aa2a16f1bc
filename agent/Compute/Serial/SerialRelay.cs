using System.Buffers;
using System.Net.Sockets;

namespace Appliance.Agent.Compute.Serial;

/// <summary>
/// The agent's end of a guest's first serial port: serves the open <see cref="SerialStream"/>s, and keeps the console log of a QEMU, which itself
/// writes none, because nothing would bound it while no agent runs; what its guest says in that time is lost, and the guest is never held up.
/// </summary>
internal sealed class SerialRelay : IAsyncDisposable
{
    private const int ChunkBytes = 16 * 1024;

    /// <summary>More output than this in a second makes the guest wait: a real port is a hundred times slower.</summary>
    private const int MaxBytesPerSecond = 1 << 20;

    private readonly Socket _socket;
    private readonly ConsoleLog? _log;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<SerialStream> _streams = [];
    private readonly Task _reading;
    private bool _isClosed;

    /// <param name="log">Owned; null where somebody else keeps what the port says.</param>
    public SerialRelay(Socket socket, ConsoleLog? log, TimeProvider clock)
    {
        (_socket, _log, _clock) = (socket, log, clock);
        _reading = Task.Run(RunAsync);
    }

    /// <summary>Completes when everything the port ever said was kept.</summary>
    public Task Completed => _reading;

    /// <summary>Joins the port; null when it has ended.</summary>
    public SerialStream? Open()
    {
        lock (_lock)
        {
            if (_isClosed)
                return null;

            var stream = new SerialStream(this);
            _streams.Add(stream);
            return stream;
        }
    }

    /// <summary>Types into the port.</summary>
    /// <exception cref="IOException">The guest has ended.</exception>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        await _sending.WaitAsync(ct);
        try
        {
            while (!bytes.IsEmpty)
                bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, ct)..];
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException("The serial port has ended.", e);
        }
        finally
        {
            _sending.Release();
        }
    }

    public void Leave(SerialStream stream)
    {
        lock (_lock)
            _streams.Remove(stream);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading;
        _socket.Dispose();
        _log?.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            var (second, bytes) = (_clock.GetTimestamp(), 0);
            while (true)
            {
                // Waits with no buffer: most guests are silent most of the time.
                await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, _stop.Token);
                var read = await RelayAsync();
                if (read == 0)
                    break;

                bytes += read;
                var left = TimeSpan.FromSeconds(1) - _clock.GetElapsedTime(second);
                if (left > TimeSpan.Zero && bytes >= MaxBytesPerSecond)
                    await Task.Delay(left, _clock, _stop.Token);
                if (left <= TimeSpan.Zero || bytes >= MaxBytesPerSecond)
                    (second, bytes) = (_clock.GetTimestamp(), 0);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // The guest's process ended, or the agent lets go of it.
        }

        Close();
    }

    private async Task<int> RelayAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            var read = await _socket.ReceiveAsync(buffer.AsMemory(0, ChunkBytes), SocketFlags.None, _stop.Token);
            TryLog(buffer.AsSpan(0, read));
            lock (_lock)
            {
                foreach (var stream in _streams)
                    stream.Offer(buffer.AsSpan(0, read));
            }

            return read;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // A full disk costs lines of the log, not the port.
    private void TryLog(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _log?.Append(bytes);
        }
        catch (IOException)
        {
        }
    }

    private void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (var stream in _streams)
                stream.End();
        }
    }
}
