using System.Runtime.InteropServices;
using Appliance.Linux.Libc;
using Appliance.Vmm.Events;

namespace Appliance.Vmm.Virtio.Vsock;

/// <summary>
/// All connections of a guest: takes packets of the guest, gives packets for it, §5.10.6. Nothing a guest sends throws, and what it can make the
/// VMM hold is bounded: <see cref="MaxConnections"/> with a full backlog, and <see cref="MaxRefusals"/>. Of the device's lock.
/// </summary>
/// <param name="guestCid">The guest's address.</param>
/// <param name="onNews">Called on the loop's thread, with the lock held, when there may be packets for the guest.</param>
internal sealed class VsockHub(ulong guestCid, VsockSockets sockets, VsockMetrics metrics, Lock gate, Action onNews) : IDisposable
{
    /// <summary>With its backlog each costs up to 64 KiB and a descriptor: 32 MiB for a guest that does its worst.</summary>
    public const int MaxConnections = 512;

    /// <summary>Refusals that wait for the guest's buffers; beyond that its packets wait.</summary>
    public const int MaxRefusals = 64;

    // Host ports of connections that the host begins; below are those that programs choose.
    private const uint FirstOwnPort = 1 << 30;
    private const int MaxDataBytes = 64 * 1024;
    private const long SweepNanoseconds = 500_000_000;

    private readonly Dictionary<ulong, VsockConnection> _byPorts = [];
    private readonly List<VsockConnection> _all = [];
    private readonly LinkedList<VsockConnection> _turns = [];
    private readonly Queue<VsockHeader> _refusals = new(MaxRefusals);
    private readonly byte[] _data = new byte[MaxDataBytes];
    private readonly TimerFd _sweep = new();
    private bool _isSweeping;
    private uint _nextPort = FirstOwnPort;
    private EventLoop? _loop;
    private ulong _listenerToken, _sweepToken;

    public int Count => _all.Count;

    /// <summary>There may be packets for the guest.</summary>
    public bool HasNews => _refusals.Count > 0 || _turns.Count > 0;

    /// <summary>False: the guest has to make room for answers before its next packet is looked at.</summary>
    public bool CanTake => _refusals.Count < MaxRefusals;

    public void Attach(EventLoop loop)
    {
        _loop = loop;
        _listenerToken = loop.Add(sockets.Listener, Epoll.EPOLLIN | Epoll.EPOLLET, _ => OnClients());
        _sweepToken = loop.Add(_sweep.Descriptor, Epoll.EPOLLIN, _ => OnSweep());
    }

    /// <summary>The guest starts anew: no connection outlives that.</summary>
    public void Clear()
    {
        while (_all.Count > 0)
            Remove(_all[^1]);
        _refusals.Clear();
    }

    /// <summary>A packet of the guest; <paramref name="payload"/> holds at least as much as its header says.</summary>
    public void Take(in VsockHeader header, ref BufferList payload)
    {
        if (header.src_cid != guestCid || header.dst_cid != VsockHeader.VMADDR_CID_HOST)
        {
            metrics.DroppedPackets++;
            return;
        }

        metrics.SentPackets++;
        bool isKnown = _byPorts.TryGetValue(VsockConnection.KeyOf(header.dst_port, header.src_port), out var connection);
        if (header.type != VsockHeader.VIRTIO_VSOCK_TYPE_STREAM)
            Refuse(header);
        else if (isKnown)
            Take(connection!, header, ref payload);
        else if (header.op == VsockOperation.Request)
            Accept(header);
        else
            Refuse(header);
    }

    /// <summary>Writes the next packet for the guest.</summary>
    /// <returns>Its bytes; 0 when there was nothing to say after all, or the room has no place for a header.</returns>
    public uint Fill(BufferList room)
    {
        if (room.Bytes < VsockHeader.Bytes)
            return 0;
        if (_refusals.TryDequeue(out var refusal))
            return Put(ref room, refusal, []);
        if (_turns.First?.Value is not { } connection)
            return 0;
        _turns.RemoveFirst();
        uint written = Speak(connection, ref room);
        Enlist(connection);
        return written;
    }

    public void Dispose()
    {
        Clear();
        _loop?.Remove(_listenerToken);
        _loop?.Remove(_sweepToken);
        _sweep.Dispose();
        sockets.Dispose();
    }

    private void Take(VsockConnection connection, in VsockHeader header, ref BufferList payload)
    {
        connection.Credit.Learn(header);
        connection.HasAskedForCredit &= connection.Credit.PeerFree == 0;
        if (header.op == VsockOperation.Reset)
        {
            Remove(connection);
            return;
        }

        if (connection.State == VsockState.Ended)
            OnLateWord(connection, header);
        else if (connection.State == VsockState.Requested && header.op == VsockOperation.Response)
            Establish(connection);
        else if (connection.State == VsockState.Established)
            OnWord(connection, header, ref payload);
        else
            Abort(connection);
        Enlist(connection);
    }

    private void OnWord(VsockConnection connection, in VsockHeader header, ref BufferList payload)
    {
        switch (header.op)
        {
            case VsockOperation.Data:
                OnData(connection, header.len, ref payload);
                break;
            case VsockOperation.Shutdown:
                connection.GuestShutdown |= header.flags & VsockShutdown.Both;
                OnFlushed(connection);
                break;
            case VsockOperation.CreditUpdate:
                break;
            case VsockOperation.CreditRequest:
                connection.Pending |= VsockPending.Credit;
                break;
            default:
                Abort(connection);
                break;
        }
    }

    private void OnData(VsockConnection connection, uint length, ref BufferList payload)
    {
        if ((connection.GuestShutdown & VsockShutdown.Send) != 0 || length > VsockCredit.OwnBytes - connection.Backlog.Count)
        {
            Abort(connection);
            return;
        }

        metrics.SentBytes += length;
        while (length > 0 && connection.State == VsockState.Established)
        {
            var part = payload.Next;
            part = part[..(int)Math.Min((uint)part.Length, length)];
            if ((connection.HostShutdown & VsockShutdown.Receive) != 0)
                connection.Credit.Forward((uint)part.Length);
            else if (!connection.TryForward(part))
                OnDeaf(connection);
            payload.Skip((uint)part.Length);
            length -= (uint)part.Length;
        }

        if (connection.Credit.ShouldTell)
            connection.Pending |= VsockPending.Credit;
    }

    /// <summary>The host is done, the guest answers that it is too, or still speaks to nobody.</summary>
    private static void OnLateWord(VsockConnection connection, in VsockHeader header)
    {
        if (header.op == VsockOperation.Shutdown)
            connection.GuestShutdown |= header.flags & VsockShutdown.Both;
        if (connection.GuestShutdown == VsockShutdown.Both)
            connection.Pending |= VsockPending.Reset;
    }

    private void Accept(in VsockHeader header)
    {
        if (_all.Count >= MaxConnections || sockets.TryConnect(header.dst_port) is not { } stream)
        {
            Refuse(header);
            return;
        }

        var connection = new VsockConnection(stream, VsockState.Established) { HostPort = header.dst_port, GuestPort = header.src_port };
        connection.StopExpecting();
        connection.Credit.Learn(header);
        connection.Pending = VsockPending.Response;
        if (!TryWatch(connection))
        {
            connection.Dispose();
            Refuse(header);
            return;
        }

        _byPorts.Add(connection.Key, connection);
        metrics.Connections++;
        Enlist(connection);
    }

    private void Establish(VsockConnection connection)
    {
        if (!VsockSockets.TryWelcome(connection.Stream, connection.HostPort))
        {
            Abort(connection);
            return;
        }

        connection.StopExpecting();
        connection.State = VsockState.Established;
        connection.IsReadable = true;
        metrics.Connections++;
    }

    private void OnClients()
    {
        lock (gate)
        {
            while (UnixStreams.TryAccept(sockets.Listener, out var failure) is var stream && (stream is not null || failure == Errno.ECONNABORTED))
            {
                if (stream is null)
                    continue;
                var connection = new VsockConnection(stream, VsockState.Greeting);
                if (_all.Count >= MaxConnections || !TryWatch(connection))
                    connection.Dispose();
                else
                    StartSweeping();
            }
        }
    }

    private bool TryWatch(VsockConnection connection)
    {
        try
        {
            // Edges: a stream that nobody may read from now costs no wake-ups, even when its other end is closed.
            connection.Token = _loop!.Add(
                connection.Stream, Epoll.EPOLLIN | Epoll.EPOLLOUT | Epoll.EPOLLRDHUP | Epoll.EPOLLET, events => OnStream(connection, events));
        }
        catch (LinuxException)
        {
            return false;
        }

        _all.Add(connection);
        return true;
    }

    private void OnStream(VsockConnection connection, uint events)
    {
        lock (gate)
        {
            connection.IsReadable |= (events & ~Epoll.EPOLLOUT) != 0;
            connection.IsHungUp |= (events & (Epoll.EPOLLHUP | Epoll.EPOLLERR)) != 0;
            switch (connection.State)
            {
                case VsockState.Greeting:
                    OnGreeting(connection);
                    break;
                case VsockState.Requested when connection.IsHungUp:
                    Abort(connection);
                    break;
                case VsockState.Established:
                    OnReady(connection);
                    break;
            }

            Enlist(connection);
            onNews();
        }
    }

    private void OnGreeting(VsockConnection connection)
    {
        switch (VsockSockets.TakeGreeting(connection.Stream, out uint port))
        {
            case VsockGreeting.Wrong:
                Remove(connection);
                break;
            case VsockGreeting.Complete:
                connection.GuestPort = port;
                do
                    connection.HostPort = _nextPort = Math.Max(_nextPort + 1, FirstOwnPort);
                while (_byPorts.ContainsKey(connection.Key));
                _byPorts.Add(connection.Key, connection);
                connection.State = VsockState.Requested;
                connection.Pending = VsockPending.Request;
                connection.ExpectAnswer();
                break;
        }
    }

    private void OnReady(VsockConnection connection)
    {
        if ((connection.HostShutdown & VsockShutdown.Receive) == 0 && !connection.TryFlush())
            OnDeaf(connection);
        if (connection.State != VsockState.Established)
            return;
        if (connection.Credit.ShouldTell)
            connection.Pending |= VsockPending.Credit;
        if (connection.IsHungUp && (connection.HostShutdown & VsockShutdown.Send) != 0)
            EndHost(connection, VsockShutdown.Both);
        OnFlushed(connection);
    }

    /// <summary>When the guest has said its last and the host has it all, the host hears of it; when neither speaks any more, it is over.</summary>
    private void OnFlushed(VsockConnection connection)
    {
        if (connection.State != VsockState.Established || connection.Backlog.Count > 0 || connection.GuestShutdown == VsockShutdown.None)
            return;
        if ((connection.GuestShutdown & VsockShutdown.Send) != 0)
            UnixStreams.EndSending(connection.Stream);
        if (connection.GuestShutdown == VsockShutdown.Both)
            End(connection, VsockPending.Reset);
    }

    /// <summary>The host's program takes no more; what it wrote before is still the guest's.</summary>
    private void OnDeaf(VsockConnection connection)
    {
        connection.Credit.Forward(connection.Backlog.Count);
        connection.Backlog.Dispose();
        EndHost(connection, connection.HostShutdown | VsockShutdown.Receive);
    }

    private void EndHost(VsockConnection connection, VsockShutdown wontDo)
    {
        if (connection.HostShutdown == wontDo)
            return;
        connection.HostShutdown = wontDo;
        connection.Pending |= VsockPending.Shutdown;
        if (wontDo == VsockShutdown.Both)
            End(connection, connection.Pending);
    }

    /// <summary>Something is wrong: the guest gets a reset. One that never heard of the connection need not.</summary>
    private void Abort(VsockConnection connection)
    {
        if (connection.State == VsockState.Greeting || (connection.Pending & VsockPending.Request) != 0)
        {
            Remove(connection);
            return;
        }

        metrics.Resets++;
        End(connection, VsockPending.Reset);
    }

    private void End(VsockConnection connection, VsockPending lastWords)
    {
        connection.Pending = lastWords;
        if (connection.State == VsockState.Ended)
            return;
        connection.State = VsockState.Ended;
        _loop!.Remove(connection.Token);
        connection.Dispose();
        connection.ExpectAnswer();
        StartSweeping();
    }

    private void Remove(VsockConnection connection)
    {
        if (!_all.Remove(connection))
            return;
        if (_byPorts.TryGetValue(connection.Key, out var found) && found == connection)
            _byPorts.Remove(connection.Key);
        if (connection.Turn.List is not null)
            _turns.Remove(connection.Turn);
        if (connection.State != VsockState.Ended)
            _loop!.Remove(connection.Token);
        connection.State = VsockState.Ended;
        connection.Pending = VsockPending.None;
        connection.Dispose();
    }

    private void Enlist(VsockConnection connection)
    {
        if (connection.HasNews && connection.Turn.List is null)
            _turns.AddLast(connection.Turn);
    }

    private void Refuse(in VsockHeader header)
    {
        // A reset is never answered, or two sides would talk for ever.
        if (header.op == VsockOperation.Reset)
            return;
        metrics.Resets++;
        _refusals.Enqueue(new VsockHeader
        {
            src_cid = VsockHeader.VMADDR_CID_HOST,
            dst_cid = guestCid,
            src_port = header.dst_port,
            dst_port = header.src_port,
            type = header.type,
            op = VsockOperation.Reset,
        });
    }

    private uint Speak(VsockConnection connection, ref BufferList room)
    {
        int length = 0;
        if (connection.Pending == VsockPending.None && connection.WantsToDeliver)
            length = Read(connection, room.Bytes - VsockHeader.Bytes);
        var operation = length > 0 ? VsockOperation.Data : NextWord(connection);
        if (operation is not { } op)
            return 0;

        var header = new VsockHeader
        {
            src_cid = VsockHeader.VMADDR_CID_HOST,
            dst_cid = guestCid,
            src_port = connection.HostPort,
            dst_port = connection.GuestPort,
            len = (uint)length,
            type = VsockHeader.VIRTIO_VSOCK_TYPE_STREAM,
            op = op,
            flags = op == VsockOperation.Shutdown ? connection.HostShutdown : VsockShutdown.None,
            buf_alloc = VsockCredit.OwnBytes,
            fwd_cnt = connection.Credit.Forwarded,
        };
        connection.Credit.Told();
        connection.Credit.Sent((uint)length);
        metrics.ReceivedBytes += length;
        if (op == VsockOperation.Reset)
            Remove(connection);
        return Put(ref room, header, _data.AsSpan(0, length));
    }

    private static VsockOperation? NextWord(VsockConnection connection)
    {
        var pending = connection.Pending;
        // Answered by whichever packet comes next, for each has the counters.
        connection.Pending &= ~VsockPending.Credit;
        if ((pending & VsockPending.Reset) != 0)
            return VsockOperation.Reset;
        if ((pending & VsockPending.Request) != 0)
        {
            connection.Pending &= ~VsockPending.Request;
            return VsockOperation.Request;
        }

        if ((pending & VsockPending.Response) != 0)
        {
            connection.Pending &= ~VsockPending.Response;
            return VsockOperation.Response;
        }

        if ((pending & VsockPending.Shutdown) != 0)
        {
            connection.Pending &= ~VsockPending.Shutdown;
            return VsockOperation.Shutdown;
        }

        if ((pending & VsockPending.Credit) != 0)
            return VsockOperation.CreditUpdate;
        if (!connection.WantsToDeliver || connection.Credit.PeerFree > 0 || connection.HasAskedForCredit)
            return null;
        connection.HasAskedForCredit = true;
        return VsockOperation.CreditRequest;
    }

    /// <summary>Bytes of the host's program that the guest has credit and room for, into the device's own buffer.</summary>
    private int Read(VsockConnection connection, uint room)
    {
        uint most = Math.Min(Math.Min(room, connection.Credit.PeerFree), MaxDataBytes);
        if (most == 0)
            return 0;
        int got = UnixStreams.TryReceive(connection.Stream, _data.AsSpan(0, (int)most));
        if (got > 0)
            return got;
        connection.IsReadable = false;
        if (got == 0)
            EndHost(connection, connection.IsHungUp ? VsockShutdown.Both : connection.HostShutdown | VsockShutdown.Send);
        else if (got != -(int)Errno.EAGAIN)
            Abort(connection);
        return 0;
    }

    private uint Put(ref BufferList room, in VsockHeader header, ReadOnlySpan<byte> data)
    {
        _ = room.TryPut(MemoryMarshal.AsBytes(new ReadOnlySpan<VsockHeader>(in header)));
        _ = room.TryPut(data);
        metrics.ReceivedPackets++;
        return VsockHeader.Bytes + (uint)data.Length;
    }

    private void StartSweeping()
    {
        if (_isSweeping)
            return;
        _isSweeping = true;
        _sweep.Set(SweepNanoseconds);
    }

    private void OnSweep()
    {
        lock (gate)
        {
            _sweep.Clear();
            _isSweeping = false;
            long now = Environment.TickCount64;
            for (int i = _all.Count - 1; i >= 0; i--)
            {
                var connection = _all[i];
                if (connection.AnswerDue == 0 || (connection.Pending & VsockPending.Reset) != 0)
                    continue;
                if (now >= connection.AnswerDue)
                    Abort(connection);
                Enlist(connection);
                StartSweeping();
            }

            onNews();
        }
    }
}
