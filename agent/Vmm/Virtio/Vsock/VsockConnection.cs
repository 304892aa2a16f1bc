using Appliance.Linux.Libc;

namespace Appliance.Vmm.Virtio.Vsock;

/// <summary>How far a connection has come.</summary>
internal enum VsockState
{
    /// <summary>A program of the host connected and has not said yet to which port.</summary>
    Greeting,

    /// <summary>The guest was asked whether it accepts.</summary>
    Requested,

    Established,

    /// <summary>Over on the host's side; the guest is being told.</summary>
    Ended,
}

/// <summary>What is to be said to the guest.</summary>
[Flags]
internal enum VsockPending
{
    None = 0,
    Request = 1,
    Response = 2,
    Credit = 4,
    Shutdown = 8,
    Reset = 16,
}

/// <summary>One stream between a program of the host and one of the guest. The device's lock guards it.</summary>
internal sealed class VsockConnection : IDisposable
{
    // Under the guest's wake-up time no handshake is late; a guest that never answers does not hold its place longer.
    private const long PatienceMilliseconds = 2000;

    public VsockConnection(Fd stream, VsockState state)
    {
        Stream = stream;
        State = state;
        Turn = new LinkedListNode<VsockConnection>(this);
        ExpectAnswer();
    }

    /// <summary>The host's program; closed when the connection is over on its side.</summary>
    public Fd Stream { get; }

    public ulong Token { get; set; }

    public VsockState State { get; set; }

    public uint HostPort { get; set; }

    public uint GuestPort { get; set; }

    public VsockPending Pending { get; set; }

    /// <summary>What the guest will not do any more.</summary>
    public VsockShutdown GuestShutdown { get; set; }

    /// <summary>What the guest was or will be told that the host will not do any more.</summary>
    public VsockShutdown HostShutdown { get; set; }

    /// <summary>Place in the line of those that have something for the guest.</summary>
    public LinkedListNode<VsockConnection> Turn { get; }

    public VsockBacklog Backlog { get; } = new();

    /// <summary>The host's program may have written; false after a read found nothing.</summary>
    public bool IsReadable { get; set; }

    /// <summary>The host's program closed its end: neither direction works.</summary>
    public bool IsHungUp { get; set; }

    public bool HasAskedForCredit { get; set; }

    /// <summary>When the other side's patience-bound answer is due, in ticks of milliseconds; 0 for no such wait.</summary>
    public long AnswerDue { get; private set; }

    public VsockCredit Credit;

    public static ulong KeyOf(uint hostPort, uint guestPort) => ((ulong)hostPort << 32) | guestPort;

    public ulong Key => KeyOf(HostPort, GuestPort);

    /// <summary>Bytes of the host can go to the guest, as soon as it has credit and buffers.</summary>
    public bool WantsToDeliver => State == VsockState.Established && IsReadable
        && (GuestShutdown & VsockShutdown.Receive) == 0 && (HostShutdown & VsockShutdown.Send) == 0;

    /// <summary>There is something to tell the guest.</summary>
    public bool HasNews => Pending != VsockPending.None || (WantsToDeliver && (Credit.PeerFree > 0 || !HasAskedForCredit));

    public void ExpectAnswer() => AnswerDue = Environment.TickCount64 + PatienceMilliseconds;

    public void StopExpecting() => AnswerDue = 0;

    /// <summary>Passes bytes on to the host's program and keeps what it does not take; false when it is gone.</summary>
    /// <param name="bytes">At most what <see cref="VsockCredit.OwnBytes"/> leaves beside the backlog.</param>
    public bool TryForward(ReadOnlySpan<byte> bytes)
    {
        while (Backlog.Count == 0 && !bytes.IsEmpty)
        {
            int sent = UnixStreams.TrySend(Stream, bytes);
            if (sent == -(int)Errno.EAGAIN)
                break;
            if (sent < 0)
                return false;
            Credit.Forward((uint)sent);
            bytes = bytes[sent..];
        }

        if (!bytes.IsEmpty)
            Backlog.Add(bytes);
        return true;
    }

    /// <summary>Passes on what was kept; false when the host's program is gone.</summary>
    public bool TryFlush()
    {
        while (Backlog.Count > 0)
        {
            int sent = UnixStreams.TrySend(Stream, Backlog.Oldest);
            if (sent < 0)
                return sent == -(int)Errno.EAGAIN;
            Credit.Forward((uint)sent);
            Backlog.Remove((uint)sent);
        }

        return true;
    }

    public void Dispose()
    {
        Stream.Dispose();
        Backlog.Dispose();
    }
}
