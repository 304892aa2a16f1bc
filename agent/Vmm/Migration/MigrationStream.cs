using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Appliance.Linux.Libc;

namespace Appliance.Vmm.Migration;

/// <summary>One end of the connection between two machines' processes. Of one thread, which sends or waits; allocates nothing per frame.</summary>
/// <param name="onTurn">Called before every system call, and every <see cref="TurnMilliseconds"/> while one waits; throws to give up.</param>
internal sealed class MigrationStream : IDisposable
{
    private const int TurnMilliseconds = 5;

    private readonly Fd _stream;
    private readonly Action _onTurn;
    private readonly Epoll _epoll = new();

    /// <param name="stream">A stream socket; taken over.</param>
    public MigrationStream(Fd stream, Action onTurn)
    {
        (_stream, _onTurn) = (stream, onTurn);
        UnixStreams.SetNonBlocking(stream);
        _epoll.Add(stream, 0, 0);
    }

    public long SentBytes { get; private set; }

    public void Send<T>(T value) where T : unmanaged => Send(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    public void SendFrame(FrameKind kind, uint count = 0, ulong address = 0) =>
        Send(new MigrationFormat.Frame { Kind = kind, Count = count, Address = address });

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            _onTurn();
            int sent = UnixStreams.TrySend(_stream, bytes);
            if (sent == -(int)Errno.EAGAIN)
                Wait(Epoll.EPOLLOUT);
            else if (sent < 0)
                throw new MigrationException($"the connection to the destination broke ({(Errno)(-sent)})");
            else
                bytes = bytes[sent..];
            SentBytes += Math.Max(sent, 0);
        }
    }

    public T Receive<T>() where T : unmanaged
    {
        Unsafe.SkipInit(out T value);
        Receive(MemoryMarshal.AsBytes(new Span<T>(ref value)));
        return value;
    }

    public void Receive(Span<byte> target)
    {
        while (!target.IsEmpty)
        {
            _onTurn();
            int got = UnixStreams.TryReceive(_stream, target);
            if (got == -(int)Errno.EAGAIN)
                Wait(Epoll.EPOLLIN);
            else if (got <= 0)
                throw new MigrationException($"the other side ended the connection{(got < 0 ? $" ({(Errno)(-got)})" : "")}");
            else
                target = target[got..];
        }
    }

    /// <summary>Waits for an answer of the destination; its refusal becomes the exception.</summary>
    public void Expect(FrameKind kind)
    {
        var frame = Receive<MigrationFormat.Frame>();
        if (frame.Kind == kind)
            return;
        if (frame.Kind != FrameKind.Refused || frame.Count > MigrationFormat.MaxReasonBytes)
            throw new MigrationException($"the destination answered {(uint)frame.Kind} where {kind} was due");
        byte[] reason = new byte[frame.Count];
        Receive(reason);
        throw new MigrationException($"the destination refused: {Encoding.UTF8.GetString(reason)}");
    }

    /// <summary>Tells the source why its machine is not taken.</summary>
    public void Refuse(string reason)
    {
        byte[] text = Encoding.UTF8.GetBytes(reason);
        int length = Math.Min(text.Length, MigrationFormat.MaxReasonBytes);
        SendFrame(FrameKind.Refused, (uint)length);
        Send(text.AsSpan(0, length));
    }

    public void Dispose()
    {
        _epoll.Dispose();
        _stream.Dispose();
    }

    private void Wait(uint events)
    {
        _epoll.Modify(_stream, events, 0);
        Span<EpollEvent> ready = stackalloc EpollEvent[1];
        _ = _epoll.Wait(ready, TurnMilliseconds);
    }
}
