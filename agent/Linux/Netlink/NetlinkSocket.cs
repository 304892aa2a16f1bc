using System.Buffers;
using System.Buffers.Binary;
using Appliance.Linux.Libc;
using static Appliance.Linux.Netlink.NetlinkConstants;

namespace Appliance.Linux.Netlink;

/// <summary>
/// A netlink socket in the network namespace of the thread that opened it. Not for concurrent use. The kernel works on requests while
/// they are sent, so calls block only for that work. Protocol: linux/netlink.h, Documentation/userspace-api/netlink/intro.rst.
/// </summary>
internal sealed class NetlinkSocket : IDisposable
{
    // Every acknowledgement occupies about a kilobyte of the receive buffer until it is read.
    private const int ReceiveBufferBytes = 4 << 20;
    private const int MaxMessagesPerSend = 512;
    private const int MaxBytesPerSend = 128 << 10;

    // A dump that the kernel says was disturbed by a change is read again; a very busy host gets an approximate answer in the end.
    private const int MaxDumpAttempts = 8;

    private readonly Fd _socket;
    // Held during calls only: an agent keeps sockets in hundreds of namespaces.
    private byte[] _received = [];
    private uint _sequence;

    public NetlinkSocket(int protocol)
    {
        _socket = Sockets.Open(Sockets.AF_NETLINK, Sockets.SOCK_RAW, protocol);
        try
        {
            Sockets.Bind(_socket, new SockAddrNl { nl_family = Sockets.AF_NETLINK }, "bind netlink socket");
            Sockets.SetOption(_socket, Sockets.SOL_NETLINK, NETLINK_EXT_ACK, 1, "NETLINK_EXT_ACK");
            Sockets.SetOption(_socket, Sockets.SOL_NETLINK, NETLINK_CAP_ACK, 1, "NETLINK_CAP_ACK");
            Sockets.SetOption(_socket, Sockets.SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1, "NETLINK_GET_STRICT_CHK");
            Sockets.SetOption(_socket, Sockets.SOL_SOCKET, Sockets.SO_RCVBUFFORCE, ReceiveBufferBytes, "SO_RCVBUFFORCE");
        }
        catch (LinuxException)
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>Reads one message of an answer: its type and what follows its header.</summary>
    public delegate void MessageReader(ushort type, ReadOnlySpan<byte> payload);

    /// <summary>Sends all messages of the batch, each independent of the others, and returns those that failed.</summary>
    public IReadOnlyList<NetlinkFailure> Execute(NetlinkBatch batch)
    {
        List<NetlinkFailure>? failures = null;
        uint first = TakeSequences(batch.Count);
        batch.Number(first, NLM_F_ACK);
        using var buffer = new Buffer(this);
        for (int sent = 0, count; sent < batch.Count; sent += count)
        {
            Send(batch.Chunk(sent, MaxMessagesPerSend, MaxBytesPerSend, out count), batch.OperationOf(sent));
            ReceiveAcknowledgements(batch, first, first + (uint)(sent + count - 1), failure => (failures ??= []).Add(failure));
        }

        return failures ?? (IReadOnlyList<NetlinkFailure>)[];
    }

    /// <summary>As <see cref="Execute"/>; throws the first failure.</summary>
    public void ExecuteAll(NetlinkBatch batch)
    {
        if (Execute(batch) is [var failure, ..])
            throw failure.ToException();
    }

    /// <summary>Sends the batch as one datagram, which nf_tables applies as a whole or not at all. The batch says which messages are acknowledged.</summary>
    /// <returns>The refusals, any of which means that nothing was applied; empty when all of it was.</returns>
    public IReadOnlyList<NetlinkFailure> ExecuteAtomic(NetlinkBatch batch)
    {
        uint first = TakeSequences(batch.Count);
        batch.Number(first, 0);
        Sockets.SetOption(_socket, Sockets.SOL_SOCKET, Sockets.SO_SNDBUFFORCE, batch.LengthBytes + (64 << 10), "SO_SNDBUFFORCE");
        Send(batch.Bytes, batch.OperationOf(0));

        // The kernel has queued every answer by now. Which message a refused commit is blamed on differs between versions, so
        // all answers count, not that of a certain message.
        List<NetlinkFailure>? failures = null;
        using var buffer = new Buffer(this);
        while (Sockets.TryReceive(_socket, _received, Sockets.MSG_DONTWAIT, out int length, out _))
        {
            foreach (var message in new ReceivedMessages(_received.AsSpan(0, length)))
            {
                int index = (int)(message.Sequence - first);
                if (message.Type == NLMSG_ERROR && (uint)index < (uint)batch.Count && ReadFailure(batch, index, message) is { } failure)
                    (failures ??= []).Add(failure);
            }
        }

        return failures ?? (IReadOnlyList<NetlinkFailure>)[];
    }

    /// <summary>Sends the one request of the batch and reads every object of the answer, at once if it is a dump.</summary>
    /// <returns>The error that ended it: <c>ENOENT</c>/<c>ENODEV</c> for one object that does not exist.</returns>
    public NetlinkFailure? Query<T>(NetlinkBatch batch, List<T> results, Func<ushort, ReadOnlySpan<byte>, T?> read) where T : class
    {
        using var buffer = new Buffer(this);
        for (int attempt = 1; ; attempt++)
        {
            results.Clear();
            uint sequence = TakeSequences(1);
            batch.Number(sequence, NLM_F_ACK);
            Send(batch.Bytes, batch.OperationOf(0));
            var failure = ReceiveAnswer(batch, sequence, out bool disturbed, (type, payload) =>
            {
                if (read(type, payload) is { } result)
                    results.Add(result);
            });
            if (!disturbed || attempt == MaxDumpAttempts)
                return failure;
        }
    }

    public void Dispose() => _socket.Dispose();

    private uint TakeSequences(int count)
    {
        uint first = _sequence + 1;
        _sequence += (uint)count;
        return first;
    }

    private void Send(ReadOnlySpan<byte> bytes, string operation)
    {
        if (!Sockets.TrySend(_socket, bytes, 0, out var errno))
            throw new LinuxException(operation, errno);
    }

    /// <summary>Reads until the message with sequence <paramref name="last"/> is acknowledged.</summary>
    private void ReceiveAcknowledgements(NetlinkBatch batch, uint first, uint last, Action<NetlinkFailure> onFailure)
    {
        bool done = false;
        while (!done)
        {
            foreach (var message in new ReceivedMessages(Receive(batch.OperationOf(0))))
            {
                if (message.Type != NLMSG_ERROR || message.Sequence < first || message.Sequence > last)
                    continue;
                if (ReadFailure(batch, (int)(message.Sequence - first), message) is { } failure)
                    onFailure(failure);
                done |= message.Sequence == last;
            }
        }
    }

    private NetlinkFailure? ReceiveAnswer(NetlinkBatch batch, uint sequence, out bool disturbed, MessageReader read)
    {
        disturbed = false;
        while (true)
        {
            foreach (var message in new ReceivedMessages(Receive(batch.OperationOf(0))))
            {
                if (message.Sequence != sequence)
                    continue;
                disturbed |= (message.Flags & NLM_F_DUMP_INTR) != 0;
                if (message.Type == NLMSG_ERROR || message.Type == NLMSG_DONE)
                    return ReadFailure(batch, 0, message);
                read(message.Type, message.Payload);
            }
        }
    }

    private ReadOnlySpan<byte> Receive(string operation)
    {
        if (!Sockets.TryReceive(_socket, _received, Sockets.MSG_TRUNC, out int length, out var errno))
            throw new LinuxException($"answer to {operation}", errno);
        if (length > _received.Length)
            throw new LinuxException($"answer to {operation}", Errno.EMSGSIZE, $"{length} bytes at once");
        return _received.AsSpan(0, length);
    }

    /// <summary>NLMSG_ERROR and NLMSG_DONE start with a negative errno; the text may follow as an attribute.</summary>
    private static NetlinkFailure? ReadFailure(NetlinkBatch batch, int index, ReceivedMessage message)
    {
        int code = message.Payload.Length >= 4 ? BinaryPrimitives.ReadInt32LittleEndian(message.Payload) : 0;
        if (code == 0)
            return null;

        // An error repeats the header of the request (all of it when not capped); the attributes come after that.
        int skip = message.Type == NLMSG_DONE ? 4 : 4 + ((message.Flags & NLM_F_CAPPED) != 0
            ? HeaderLength
            : Align((int)BinaryPrimitives.ReadUInt32LittleEndian(message.Payload[4..])));
        string text = "";
        if ((message.Flags & NLM_F_ACK_TLVS) != 0 && skip <= message.Payload.Length)
        {
            foreach (var attribute in new NetlinkAttributes(message.Payload[skip..]))
            {
                if (attribute.Type == NLMSGERR_ATTR_MSG)
                    text = attribute.Text;
            }
        }

        return new(index, batch.OperationOf(index), (Errno)(-code), text);
    }

    /// <summary>What answers are received into, for the time of one call.</summary>
    private readonly ref struct Buffer
    {
        // What the kernel fills at most in one answer of a dump (net/netlink/af_netlink.c, netlink_dump).
        private const int Bytes = 64 << 10;

        private readonly NetlinkSocket _socket;

        public Buffer(NetlinkSocket socket)
        {
            _socket = socket;
            socket._received = ArrayPool<byte>.Shared.Rent(Bytes);
        }

        public void Dispose()
        {
            ArrayPool<byte>.Shared.Return(_socket._received);
            _socket._received = [];
        }
    }
}
