using Appliance.Linux.Libc;
using Appliance.Vmm.Events;

namespace Appliance.Vmm.Control;

/// <summary>One client of the control socket. Of the control thread; what a client does wrong ends at most its own connection.</summary>
internal sealed class ControlConnection : IDisposable
{
    // A client that does not read is cut off before it costs more than this.
    private const int MaxUnsentBytes = 256 * 1024;

    private readonly Fd _stream;
    private readonly EventLoop _loop;
    private readonly Action<ControlConnection, ControlRequest> _serve;
    private readonly Action<ControlConnection> _onClosed;
    private readonly byte[] _line = new byte[ControlRequest.MaxLineBytes];
    private readonly List<Fd> _descriptors = [];
    private readonly Queue<byte[]> _unsent = new();
    private readonly ulong _token;
    private int _filled;
    private int _sentOfFirst;
    private int _unsentBytes;
    private bool _isClosed;

    /// <param name="stream">Non-blocking; taken over.</param>
    /// <param name="serve">Gets every request.</param>
    /// <param name="onClosed">Called once, when the connection is over.</param>
    public ControlConnection(Fd stream, EventLoop loop, Action<ControlConnection, ControlRequest> serve, Action<ControlConnection> onClosed)
    {
        (_stream, _loop, _serve, _onClosed) = (stream, loop, serve, onClosed);
        _token = loop.Add(stream, Epoll.EPOLLIN, OnReady);
    }

    /// <summary>The client wants to hear of events.</summary>
    public bool IsSubscribed { get; set; }

    /// <summary>Sends a line, now or as the client reads.</summary>
    public void Send(byte[] line)
    {
        if (_isClosed)
            return;
        _unsent.Enqueue(line);
        _unsentBytes += line.Length;
        Flush();
    }

    public void Dispose()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        _loop.Remove(_token);
        _stream.Dispose();
        foreach (var descriptor in _descriptors)
            descriptor.Dispose();
        _onClosed(this);
    }

    private void OnReady(uint events)
    {
        if ((events & Epoll.EPOLLOUT) != 0)
            Flush();
        if (!_isClosed && (events & ~Epoll.EPOLLOUT) != 0)
            Receive();
    }

    private void Receive()
    {
        int got = DescriptorPassing.TryReceive(_stream, _line.AsSpan(_filled), _descriptors);
        if (got == -(int)Errno.EAGAIN)
            return;
        if (got <= 0 || _descriptors.Count > DescriptorPassing.MaxDescriptors)
        {
            Dispose();
            return;
        }

        _filled += got;
        int start = 0;
        while (!_isClosed && _line.AsSpan(start, _filled - start).IndexOf((byte)'\n') is var length and >= 0)
        {
            Take(_line.AsSpan(start, length));
            start += length + 1;
        }

        _line.AsSpan(start, _filled - start).CopyTo(_line);
        _filled -= start;
        if (_filled == _line.Length)
            Dispose();
    }

    private void Take(ReadOnlySpan<byte> line)
    {
        var error = ControlRequest.Parse(line, out var request);
        request.Descriptors.AddRange(_descriptors);
        _descriptors.Clear();
        if (error is null)
        {
            _serve(this, request);
            return;
        }

        request.CloseDescriptors();
        Send(ControlLine.Answer(request.Id, error, null));
    }

    private void Flush()
    {
        while (_unsent.TryPeek(out byte[]? line))
        {
            int sent = UnixStreams.TrySend(_stream, line.AsSpan(_sentOfFirst));
            if (sent < 0 && (sent != -(int)Errno.EAGAIN || _unsentBytes > MaxUnsentBytes))
            {
                Dispose();
                return;
            }

            if (sent < 0)
                break;
            _sentOfFirst += sent;
            _unsentBytes -= sent;
            if (_sentOfFirst < line.Length)
                continue;
            _ = _unsent.Dequeue();
            _sentOfFirst = 0;
        }

        _loop.Modify(_token, _unsent.Count > 0 ? Epoll.EPOLLIN | Epoll.EPOLLOUT : Epoll.EPOLLIN);
    }
}
