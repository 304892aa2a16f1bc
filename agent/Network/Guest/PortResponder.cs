using Appliance.Agent.Network.RouterAdvertisement;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Network.Guest;

/// <summary>
/// Serves one port over a packet socket on its TAP: what comes out of it can only be from this port's guest, what goes in reaches nobody
/// else. Used by the thread of <see cref="GuestServices"/> only.
/// </summary>
internal sealed class PortResponder(string tapName, PortAnswers answers, long now) : IDisposable
{
    /// <summary>Frames read before other ports get their turn.</summary>
    private const int MaxFramesPerTurn = 16;

    /// <summary>Some dozens of requests; what a flooding guest sends beyond is dropped by the kernel.</summary>
    private const int ReceiveBufferBytes = 64 << 10;

    private PortAnswers _answers = answers;
    private RateLimit _limit = new(now);
    private AdvertisementSchedule _schedule = new();

    /// <summary>Null while the TAP does not exist.</summary>
    public Fd? Socket { get; private set; }

    public string TapName => tapName;

    /// <summary>When <see cref="Advertise"/> is due, monotonic milliseconds; never without a TAP or without a router.</summary>
    public long AdvertisementDueAt => Socket is null || _answers.Advertisements.Count == 0 ? long.MaxValue : _schedule.DueAt;

    public void Change(PortAnswers answers)
    {
        if (!answers.AdvertisesAs(_answers))
            _schedule = new();
        _answers = answers;
    }

    /// <summary>Opens the socket when the TAP is there.</summary>
    public bool TryOpen()
    {
        int index = Interfaces.IndexOf(TapName);
        if (index == 0 || !PacketSocket.TryOpen(index, GuestTraffic.Filter, ReceiveBufferBytes, out var socket, out _))
            return false;

        Socket = socket;
        _schedule = new();
        return true;
    }

    /// <summary>Closes the socket: the interface it was bound to is no more.</summary>
    public void Close()
    {
        Socket?.Dispose();
        Socket = null;
    }

    /// <summary>Answers what the guest asked.</summary>
    /// <param name="buffers">Space for one frame in, one out.</param>
    /// <returns>False when the interface has vanished.</returns>
    public bool Serve(in FrameBuffers buffers, long now)
    {
        for (int turn = 0; turn < MaxFramesPerTurn; turn++)
        {
            if (!Sockets.TryReceive(Socket!, buffers.Request, Sockets.MSG_DONTWAIT, out int length, out var failure))
                return failure != Errno.ENETDOWN || StillThere();

            if (_limit.TryTake(now))
                Answer(buffers.Request[..length], buffers.Reply, now);
        }

        return true;
    }

    /// <summary>Tells the guest of its routers.</summary>
    public void Advertise(long now)
    {
        foreach (byte[] frame in _answers.Advertisements)
            Send(frame);
        _schedule.Sent(now);
    }

    public void Dispose() => Close();

    private void Answer(ReadOnlySpan<byte> request, Span<byte> reply, long now)
    {
        if (RouterSolicitation.IsOne(request))
        {
            Advertise(now);
            return;
        }

        int length = _answers.Answer(request, reply);
        if (length > 0)
            Send(reply[..length]);
    }

    // A lost answer is asked for again, so no failure to send matters: the TAP is down, full or just going.
    private void Send(ReadOnlySpan<byte> frame) => Sockets.TrySend(Socket!, frame, Sockets.MSG_DONTWAIT, out _);

    /// <summary>"Network down" means taken down or deleted; a TAP made anew has another index.</summary>
    private bool StillThere() =>
        Interfaces.IndexOf(TapName) is var index and > 0 && Sockets.LocalAddress<SockAddrLl>(Socket!).sll_ifindex == index;
}

/// <summary>The thread's own buffers, each as long as the longest frame of a guest.</summary>
internal readonly ref struct FrameBuffers(Span<byte> request, Span<byte> reply)
{
    public readonly Span<byte> Request = request;
    public readonly Span<byte> Reply = reply;
}
