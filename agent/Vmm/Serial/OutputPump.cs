using Appliance.Linux.Libc;
using Appliance.Vmm.Events;

namespace Appliance.Vmm.Serial;

/// <summary>
/// Carries what a guest prints from processor threads to a descriptor or a sink, without ever making the guest wait: a bounded ring, emptied by
/// an event loop. What does not fit is dropped and counted, for how much a guest prints is its own choice.
/// </summary>
internal sealed class OutputPump : IDisposable
{
    private readonly Lock _gate = new();
    private readonly byte[] _ring;
    private readonly byte[] _chunk = new byte[4096];
    private readonly EventFd _wake = new();
    private readonly Fd? _output;
    private readonly Sink? _sink;
    private readonly EventLoop _loop;
    private readonly ulong _wakeToken;
    private ulong? _outputToken;
    private int _first;
    private int _count;
    private int _unsent;
    private int _sent;
    private bool _isBroken;

    /// <param name="output">Stays the caller's.</param>
    public OutputPump(Fd output, EventLoop loop, int capacityBytes = 64 * 1024)
        : this(loop, capacityBytes) => _output = output;

    public OutputPump(Sink sink, EventLoop loop, int capacityBytes = 64 * 1024)
        : this(loop, capacityBytes) => _sink = sink;

    private OutputPump(EventLoop loop, int capacityBytes)
    {
        _ring = new byte[capacityBytes];
        _loop = loop;
        _wakeToken = loop.Add(_wake.Descriptor, Epoll.EPOLLIN, _ => OnWake());
    }

    /// <summary>Takes all of it, on the loop's thread; does not block.</summary>
    public delegate void Sink(ReadOnlySpan<byte> bytes);

    /// <summary>Bytes lost because nobody took them in time.</summary>
    public long DroppedBytes { get; private set; }

    public void Push(byte value) => Push(new ReadOnlySpan<byte>(in value));

    public void Push(ReadOnlySpan<byte> bytes)
    {
        bool wasEmpty;
        lock (_gate)
        {
            wasEmpty = _count == 0;
            int taken = Math.Min(bytes.Length, _ring.Length - _count);
            DroppedBytes += bytes.Length - taken;
            for (int i = 0; i < taken; i++)
                _ring[(_first + _count + i) % _ring.Length] = bytes[i];
            _count += taken;
        }

        if (wasEmpty)
            _wake.Signal();
    }

    /// <summary>Writes out what is there, as far as the descriptor takes it; for the end, when no loop runs any more.</summary>
    public void Flush() => Drain();

    public void Dispose()
    {
        _loop.Remove(_wakeToken);
        if (_outputToken is { } token)
            _loop.Remove(token);
        _wake.Dispose();
    }

    private void OnWake()
    {
        _wake.Clear();
        if (_outputToken is null && !Drain())
            _outputToken = _loop.Add(_output!, Epoll.EPOLLOUT, _ => OnRoom());
    }

    private void OnRoom()
    {
        if (!Drain() || _outputToken is not { } token)
            return;
        _outputToken = null;
        _loop.Remove(token);
    }

    /// <summary>False when the descriptor has no room.</summary>
    private bool Drain()
    {
        while (Refill())
        {
            if (!TrySend())
                return false;
        }

        return true;
    }

    private bool Refill()
    {
        if (_sent < _unsent)
            return true;
        lock (_gate)
        {
            _sent = 0;
            _unsent = Math.Min(Math.Min(_count, _chunk.Length), _ring.Length - _first);
            _ring.AsSpan(_first, _unsent).CopyTo(_chunk);
            _first = (_first + _unsent) % _ring.Length;
            _count -= _unsent;
        }

        return _unsent > 0;
    }

    private bool TrySend()
    {
        if (_isBroken || _sink is not null)
        {
            _sink?.Invoke(_chunk.AsSpan(_sent, _unsent - _sent));
            _sent = _unsent;
            return true;
        }

        try
        {
            if (!Files.TryWrite(_output!, _chunk.AsSpan(_sent, _unsent - _sent), out int written))
                return false;
            _sent += written;
        }
        catch (LinuxException)
        {
            // Whoever read is gone: the guest goes on without a listener.
            _isBroken = true;
        }

        return true;
    }
}
