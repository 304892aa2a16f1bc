using System.Runtime.InteropServices;
using Appliance.Linux.Libc;

namespace Appliance.Vmm.Virtio.Vsock;

/// <summary>Makes the packets for the guest, §5.10.6: refusals first, then each connection that has news in its turn. Of the device's lock.</summary>
internal sealed class VsockWriter(ulong guestCid, VsockTable table, VsockEndings endings, VsockMetrics metrics)
{
    /// <summary>Refusals that wait for the guest's buffers; beyond that its packets wait.</summary>
    public const int MaxRefusals = 64;

    private const int MaxDataBytes = 64 * 1024;

    private readonly Queue<VsockHeader> _refusals = new(MaxRefusals);
    private readonly byte[] _data = new byte[MaxDataBytes];

    /// <summary>There may be packets for the guest.</summary>
    public bool HasNews => _refusals.Count > 0 || table.HasTurns;

    /// <summary>False: the guest has to make room for answers before its next packet is looked at.</summary>
    public bool CanRefuse => _refusals.Count < MaxRefusals;

    /// <summary>A packet of the guest that nobody takes is answered with a reset.</summary>
    public void Refuse(in VsockHeader header)
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

    /// <summary>Writes the next packet for the guest.</summary>
    /// <returns>Its bytes; 0 when there was nothing to say after all, or the room has no place for a header.</returns>
    public uint Fill(BufferList room)
    {
        if (room.Bytes < VsockHeader.Bytes)
            return 0;
        if (_refusals.TryDequeue(out var refusal))
            return Put(ref room, refusal, []);
        if (table.TakeTurn() is not { } connection)
            return 0;
        uint written = Speak(connection, ref room);
        table.Enlist(connection);
        return written;
    }

    public void Clear() => _refusals.Clear();

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
            table.Remove(connection);
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
            endings.EndHost(connection, connection.IsHungUp ? VsockShutdown.Both : connection.HostShutdown | VsockShutdown.Send);
        else if (got != -(int)Errno.EAGAIN)
            endings.Abort(connection);
        return 0;
    }

    private uint Put(ref BufferList room, in VsockHeader header, ReadOnlySpan<byte> data)
    {
        _ = room.TryPut(MemoryMarshal.AsBytes(new ReadOnlySpan<VsockHeader>(in header)));
        _ = room.TryPut(data);
        metrics.ReceivedPackets++;
        return VsockHeader.Bytes + (uint)data.Length;
    }
}
