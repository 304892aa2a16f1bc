using Appliance.Linux.Libc;
using Appliance.Vmm.Events;

namespace Appliance.Vmm.Virtio.Vsock;

/// <summary>The connections of a guest: by their ports, and in the order in which they speak to it. Of the device's lock.</summary>
internal sealed class VsockTable
{
    /// <summary>With its backlog each costs up to 64 KiB and a descriptor: 32 MiB for a guest that does its worst.</summary>
    public const int MaxConnections = 512;

    // Host ports of connections that the host begins; below are those that programs choose.
    private const uint FirstOwnPort = 1 << 30;

    private readonly Dictionary<ulong, VsockConnection> _byPorts = [];
    private readonly List<VsockConnection> _all = [];
    private readonly LinkedList<VsockConnection> _turns = [];
    private uint _nextPort = FirstOwnPort;
    private EventLoop? _loop;

    public int Count => _all.Count;

    public bool IsFull => _all.Count >= MaxConnections;

    /// <summary>Somebody has something for the guest.</summary>
    public bool HasTurns => _turns.Count > 0;

    /// <summary>In no order; going backwards allows to remove.</summary>
    public IReadOnlyList<VsockConnection> All => _all;

    /// <summary>Once: the loop that watches the streams.</summary>
    public void Attach(EventLoop loop) => _loop = loop;

    public VsockConnection? Find(uint hostPort, uint guestPort) => _byPorts.GetValueOrDefault(VsockConnection.KeyOf(hostPort, guestPort));

    /// <summary>Takes a connection in, without ports as yet, and watches its stream; false, and nothing done, when the machine has no room for that.</summary>
    /// <param name="onStream">Gets the events, EPOLLIN and so on.</param>
    public bool TryAdd(VsockConnection connection, Action<uint> onStream)
    {
        try
        {
            // Edges: a stream that nobody may read from now costs no wake-ups, even when its other end is closed.
            connection.Token = _loop!.Add(connection.Stream, Epoll.EPOLLIN | Epoll.EPOLLOUT | Epoll.EPOLLRDHUP | Epoll.EPOLLET, onStream);
        }
        catch (LinuxException)
        {
            return false;
        }

        _all.Add(connection);
        return true;
    }

    /// <summary>Makes a connection known by its ports, which no other has.</summary>
    public void Name(VsockConnection connection) => _byPorts.Add(connection.Key, connection);

    /// <summary>As above, with a host port of the table's choice.</summary>
    public void NameByFreePort(VsockConnection connection)
    {
        do
            connection.HostPort = _nextPort = Math.Max(_nextPort + 1, FirstOwnPort);
        while (_byPorts.ContainsKey(connection.Key));
        Name(connection);
    }

    /// <summary>Puts a connection that has news at the end of the line; free when it stands there.</summary>
    public void Enlist(VsockConnection connection)
    {
        if (connection.HasNews && connection.Turn.List is null)
            _turns.AddLast(connection.Turn);
    }

    /// <summary>Whose turn it is; null when nobody has news.</summary>
    public VsockConnection? TakeTurn()
    {
        var first = _turns.First?.Value;
        if (first is not null)
            _turns.RemoveFirst();
        return first;
    }

    /// <summary>The stream is watched no more and closed; the guest may still be told so.</summary>
    public void Close(VsockConnection connection)
    {
        connection.State = VsockState.Ended;
        _loop!.Remove(connection.Token);
        connection.Dispose();
    }

    /// <summary>Nothing is left of it. Free when that is so.</summary>
    public void Remove(VsockConnection connection)
    {
        if (!_all.Remove(connection))
            return;
        if (_byPorts.TryGetValue(connection.Key, out var found) && found == connection)
            _byPorts.Remove(connection.Key);
        if (connection.Turn.List is not null)
            _turns.Remove(connection.Turn);
        if (connection.State != VsockState.Ended)
            Close(connection);
        connection.Pending = VsockPending.None;
    }

    public void Clear()
    {
        while (_all.Count > 0)
            Remove(_all[^1]);
    }
}
