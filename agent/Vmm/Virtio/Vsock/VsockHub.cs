using Appliance.Linux.Libc;
using Appliance.Vmm.Events;

namespace Appliance.Vmm.Virtio.Vsock;

/// <summary>
/// All connections of a guest, §5.10.6: takes packets of the guest and looks after the host's programs. Nothing a guest sends throws, and what it
/// can make the VMM hold is bounded: <see cref="VsockTable.MaxConnections"/> with a full backlog, and <see cref="VsockWriter.MaxRefusals"/>. Of the
/// device's lock.
/// </summary>
internal sealed class VsockHub : IDisposable
{
    private readonly ulong _guestCid;
    private readonly VsockSockets _sockets;
    private readonly VsockMetrics _metrics;
    private readonly Lock _gate;
    private readonly Action _onNews;
    private readonly VsockTable _table = new();
    private readonly VsockEndings _endings;
    private readonly VsockWriter _writer;
    private EventLoop? _loop;
    private ulong _listenerToken;

    /// <param name="guestCid">The guest's address.</param>
    /// <param name="onNews">Called on the loop's thread, with the lock held, when there may be packets for the guest.</param>
    public VsockHub(ulong guestCid, VsockSockets sockets, VsockMetrics metrics, Lock gate, Action onNews)
    {
        (_guestCid, _sockets, _metrics, _gate, _onNews) = (guestCid, sockets, metrics, gate, onNews);
        _endings = new VsockEndings(_table, metrics, gate, onNews);
        _writer = new VsockWriter(guestCid, _table, _endings, metrics);
    }

    public int Count => _table.Count;

    /// <summary>There may be packets for the guest.</summary>
    public bool HasNews => _writer.HasNews;

    /// <summary>False: the guest has to make room for answers before its next packet is looked at.</summary>
    public bool CanTake => _writer.CanRefuse;

    public void Attach(EventLoop loop)
    {
        _loop = loop;
        _table.Attach(loop);
        _endings.Attach(loop);
        _listenerToken = loop.Add(_sockets.Listener, Epoll.EPOLLIN | Epoll.EPOLLET, _ => OnClients());
    }

    /// <summary>The guest starts anew: no connection outlives that.</summary>
    public void Clear()
    {
        _table.Clear();
        _writer.Clear();
    }

    /// <summary>Writes the next packet for the guest, see <see cref="VsockWriter.Fill"/>.</summary>
    public uint Fill(BufferList room) => _writer.Fill(room);

    /// <summary>A packet of the guest; <paramref name="payload"/> holds at least as much as its header says.</summary>
    public void Take(in VsockHeader header, ref BufferList payload)
    {
        if (header.src_cid != _guestCid || header.dst_cid != VsockHeader.VMADDR_CID_HOST)
        {
            _metrics.DroppedPackets++;
            return;
        }

        _metrics.SentPackets++;
        var connection = _table.Find(header.dst_port, header.src_port);
        if (header.type != VsockHeader.VIRTIO_VSOCK_TYPE_STREAM)
            _writer.Refuse(header);
        else if (connection is not null)
            Take(connection, header, ref payload);
        else if (header.op == VsockOperation.Request)
            Accept(header);
        else
            _writer.Refuse(header);
    }

    public void Dispose()
    {
        Clear();
        _loop?.Remove(_listenerToken);
        _endings.Dispose();
        _sockets.Dispose();
    }

    private void Take(VsockConnection connection, in VsockHeader header, ref BufferList payload)
    {
        connection.Credit.Learn(header);
        connection.HasAskedForCredit &= connection.Credit.PeerFree == 0;
        if (header.op == VsockOperation.Reset)
        {
            _table.Remove(connection);
            return;
        }

        if (connection.State == VsockState.Ended)
            OnLateWord(connection, header);
        else if (connection.State == VsockState.Requested && header.op == VsockOperation.Response)
            Establish(connection);
        else if (connection.State == VsockState.Established)
            OnWord(connection, header, ref payload);
        else
            _endings.Abort(connection);
        _table.Enlist(connection);
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
                _endings.OnFlushed(connection);
                break;
            case VsockOperation.CreditUpdate:
                break;
            case VsockOperation.CreditRequest:
                connection.Pending |= VsockPending.Credit;
                break;
            default:
                _endings.Abort(connection);
                break;
        }
    }

    private void OnData(VsockConnection connection, uint length, ref BufferList payload)
    {
        if ((connection.GuestShutdown & VsockShutdown.Send) != 0 || length > VsockCredit.OwnBytes - connection.Backlog.Count)
        {
            _endings.Abort(connection);
            return;
        }

        _metrics.SentBytes += length;
        while (length > 0 && connection.State == VsockState.Established)
        {
            var part = payload.Next;
            part = part[..(int)Math.Min((uint)part.Length, length)];
            if ((connection.HostShutdown & VsockShutdown.Receive) != 0)
                connection.Credit.Forward((uint)part.Length);
            else if (!connection.TryForward(part))
                _endings.OnDeaf(connection);
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
        if (_table.IsFull || _sockets.TryConnect(header.dst_port) is not { } stream)
        {
            _writer.Refuse(header);
            return;
        }

        var connection = new VsockConnection(stream, VsockState.Established) { HostPort = header.dst_port, GuestPort = header.src_port };
        connection.StopExpecting();
        connection.Credit.Learn(header);
        connection.Pending = VsockPending.Response;
        if (!_table.TryAdd(connection, events => OnStream(connection, events)))
        {
            connection.Dispose();
            _writer.Refuse(header);
            return;
        }

        _table.Name(connection);
        _metrics.Connections++;
        _table.Enlist(connection);
    }

    private void Establish(VsockConnection connection)
    {
        if (!VsockSockets.TryWelcome(connection.Stream, connection.HostPort))
        {
            _endings.Abort(connection);
            return;
        }

        connection.StopExpecting();
        connection.State = VsockState.Established;
        connection.IsReadable = true;
        _metrics.Connections++;
    }

    private void OnClients()
    {
        lock (_gate)
        {
            while (UnixStreams.TryAccept(_sockets.Listener, out var failure) is var stream && (stream is not null || failure == Errno.ECONNABORTED))
            {
                if (stream is null)
                    continue;
                var connection = new VsockConnection(stream, VsockState.Greeting);
                if (_table.IsFull || !_table.TryAdd(connection, events => OnStream(connection, events)))
                    connection.Dispose();
                else
                    _endings.StartSweeping();
            }
        }
    }

    private void OnStream(VsockConnection connection, uint events)
    {
        lock (_gate)
        {
            connection.IsReadable |= (events & ~Epoll.EPOLLOUT) != 0;
            connection.IsHungUp |= (events & (Epoll.EPOLLHUP | Epoll.EPOLLERR)) != 0;
            switch (connection.State)
            {
                case VsockState.Greeting:
                    OnGreeting(connection);
                    break;
                case VsockState.Requested when connection.IsHungUp:
                    _endings.Abort(connection);
                    break;
                case VsockState.Established:
                    OnReady(connection);
                    break;
            }

            _table.Enlist(connection);
            _onNews();
        }
    }

    private void OnGreeting(VsockConnection connection)
    {
        switch (VsockSockets.TakeGreeting(connection.Stream, out uint port))
        {
            case VsockGreeting.Wrong:
                _table.Remove(connection);
                break;
            case VsockGreeting.Complete:
                connection.GuestPort = port;
                _table.NameByFreePort(connection);
                connection.State = VsockState.Requested;
                connection.Pending = VsockPending.Request;
                connection.ExpectAnswer();
                break;
        }
    }

    private void OnReady(VsockConnection connection)
    {
        if ((connection.HostShutdown & VsockShutdown.Receive) == 0 && !connection.TryFlush())
            _endings.OnDeaf(connection);
        if (connection.State != VsockState.Established)
            return;
        if (connection.Credit.ShouldTell)
            connection.Pending |= VsockPending.Credit;
        if (connection.IsHungUp && (connection.HostShutdown & VsockShutdown.Send) != 0)
            _endings.EndHost(connection, VsockShutdown.Both);
        _endings.OnFlushed(connection);
    }
}
