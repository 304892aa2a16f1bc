using Appliance.Linux.Libc;
using Appliance.Vmm.Events;

namespace Appliance.Vmm.Serial;

/// <summary>
/// A guest's terminal on a Unix socket: one connection at a time, the newest. Output that nobody reads in time is dropped; input waits until the
/// guest has room for it. Of one loop's thread.
/// </summary>
internal sealed class TerminalSocket : IDisposable
{
    // Kept for a reader that is slow.
    private const int MaxBehindBytes = 64 * 1024;
    private const int InputBytes = 256;

    private readonly EventLoop _loop;
    private readonly Fd _listener;
    private readonly SerialPort _port;
    private readonly EventFd _roomMade = new();
    private readonly ulong _listenerToken;
    private readonly ulong _roomToken;
    private readonly byte[] _behind = new byte[MaxBehindBytes];
    private readonly byte[] _input = new byte[InputBytes];
    private Fd? _stream;
    private ulong _streamToken;
    private int _behindBytes;
    private int _inputAt;
    private int _inputEnd;

    /// <param name="listener">A Unix stream socket that listens; taken over.</param>
    public TerminalSocket(EventLoop loop, Fd listener, SerialPort port)
    {
        (_loop, _listener, _port) = (loop, listener, port);
        UnixStreams.SetNonBlocking(listener);
        _listenerToken = loop.Add(listener, Epoll.EPOLLIN, _ => OnClient());
        _roomToken = loop.Add(_roomMade.Descriptor, Epoll.EPOLLIN, _ => OnRoom());
        port.RoomMade = _roomMade.Signal;
    }

    /// <summary>Bytes of output that a reader missed because it was slow.</summary>
    public long DroppedBytes { get; private set; }

    /// <summary>Output of the guest.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_stream is null)
            return;
        if (_behindBytes == 0)
            bytes = bytes[Send(bytes)..];
        int kept = Math.Min(bytes.Length, MaxBehindBytes - _behindBytes);
        bytes[..kept].CopyTo(_behind.AsSpan(_behindBytes));
        _behindBytes += kept;
        DroppedBytes += bytes.Length - kept;
        Await();
    }

    public void Dispose()
    {
        _port.RoomMade = null;
        _loop.Remove(_listenerToken);
        _loop.Remove(_roomToken);
        Leave();
        _listener.Dispose();
        _roomMade.Dispose();
    }

    private void OnClient()
    {
        while (UnixStreams.TryAccept(_listener, out _) is { } stream)
        {
            Leave();
            _stream = stream;
            _streamToken = _loop.Add(stream, Epoll.EPOLLIN, OnStream);
        }
    }

    private void OnStream(uint events)
    {
        if ((events & Epoll.EPOLLOUT) != 0)
            SendBehind();
        if (_stream is not null && _inputAt == _inputEnd && (events & ~Epoll.EPOLLOUT) != 0)
            Receive();
        Await();
    }

    private void Receive()
    {
        int got = UnixStreams.TryReceive(_stream!, _input);
        if (got == -(int)Errno.EAGAIN)
            return;
        if (got <= 0)
        {
            Leave();
            return;
        }

        (_inputAt, _inputEnd) = (0, got);
        Deliver();
    }

    private void OnRoom()
    {
        _roomMade.Clear();
        Deliver();
        Await();
    }

    private void Deliver() => _inputAt += _port.Receive(_input.AsSpan(_inputAt, _inputEnd - _inputAt));

    private void SendBehind()
    {
        int sent = Send(_behind.AsSpan(0, _behindBytes));
        _behind.AsSpan(sent, _behindBytes - sent).CopyTo(_behind);
        _behindBytes -= sent;
    }

    private int Send(ReadOnlySpan<byte> bytes)
    {
        int sent = _stream is null || bytes.IsEmpty ? 0 : UnixStreams.TrySend(_stream, bytes);
        if (sent is < 0 and not -(int)Errno.EAGAIN)
            Leave();
        return Math.Max(0, sent);
    }

    // Input is read when all before it was delivered; output is waited for when some is behind.
    private void Await()
    {
        if (_stream is not null)
            _loop.Modify(_streamToken, (_inputAt == _inputEnd ? Epoll.EPOLLIN : 0) | (_behindBytes > 0 ? Epoll.EPOLLOUT : 0));
    }

    private void Leave()
    {
        if (_stream is null)
            return;
        _loop.Remove(_streamToken);
        _stream.Dispose();
        _stream = null;
        (_behindBytes, _inputAt, _inputEnd) = (0, 0, 0);
    }
}
