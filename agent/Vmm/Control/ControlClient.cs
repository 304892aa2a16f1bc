using Appliance.Linux.Libc;

namespace Appliance.Vmm.Control;

/// <summary>The client's end of the control socket: lines and descriptors; what they say is the caller's. Blocks.</summary>
internal sealed class ControlClient : IDisposable
{
    // A query of a machine with hundreds of processors and devices has some hundred bytes for each.
    private const int MaxLineBytes = 1 << 20;

    private readonly Fd _stream;
    private byte[] _buffer = new byte[4096];
    private int _filled;
    private int _lineBytes;

    private ControlClient(Fd stream) => _stream = stream;

    /// <exception cref="LinuxException">Nobody listens there.</exception>
    public static ControlClient Connect(string path)
    {
        string full = Path.GetFullPath(path);
        using var folder = new UnixSocketFolder(Path.GetDirectoryName(full)!);
        return new ControlClient(
            UnixStreams.TryConnect(folder.PathOf(Path.GetFileName(full)), out var failure) ?? throw new LinuxException($"connect to {path}", failure));
    }

    /// <param name="line">Ends in a line end.</param>
    /// <param name="descriptors">Travel with it; they stay the caller's too.</param>
    public void Send(ReadOnlySpan<byte> line, ReadOnlySpan<Fd> descriptors)
    {
        while (!line.IsEmpty)
        {
            int sent = DescriptorPassing.TrySend(_stream, line, descriptors);
            if (sent < 0 && sent != -(int)Errno.EAGAIN)
                throw new LinuxException("send on the control socket", (Errno)(-sent));
            if (sent < 0)
            {
                Wait(Epoll.EPOLLOUT);
                continue;
            }

            line = line[sent..];
            descriptors = [];
        }
    }

    /// <summary>The next line without its end, null when the machine has closed the connection.</summary>
    public byte[]? Receive()
    {
        _buffer.AsSpan(_lineBytes, _filled - _lineBytes).CopyTo(_buffer);
        _filled -= _lineBytes;
        _lineBytes = 0;
        while (true)
        {
            int end = _buffer.AsSpan(0, _filled).IndexOf((byte)'\n');
            if (end >= 0)
            {
                _lineBytes = end + 1;
                return _buffer[..end];
            }

            if (_filled == _buffer.Length)
            {
                if (_filled >= MaxLineBytes)
                    throw new LinuxException("a line on the control socket is too long", Errno.EMSGSIZE);
                Array.Resize(ref _buffer, _filled * 2);
            }

            int got = UnixStreams.TryReceive(_stream, _buffer.AsSpan(_filled));
            if (got == -(int)Errno.EAGAIN)
                Wait(Epoll.EPOLLIN);
            else if (got is 0 or -(int)Errno.ECONNRESET)
                return null;
            else if (got < 0)
                throw new LinuxException("receive on the control socket", (Errno)(-got));
            else
                _filled += got;
        }
    }

    public void Dispose() => _stream.Dispose();

    private void Wait(uint events)
    {
        using var epoll = new Epoll();
        epoll.Add(_stream, events, 0);
        Span<EpollEvent> ready = stackalloc EpollEvent[1];
        _ = epoll.Wait(ready, -1);
    }
}
