using System.Buffers.Binary;
using static Appliance.Linux.Netlink.NetlinkConstants;

namespace Appliance.Linux.Netlink;

/// <summary>Walks the messages of one received datagram; stops at a malformed one.</summary>
internal ref struct ReceivedMessages(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    public ReceivedMessage Current { get; private set; }

    public readonly ReceivedMessages GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.Length < HeaderLength)
            return false;

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(_rest);
        if (length < HeaderLength || length > (uint)_rest.Length)
            return false;

        Current = new ReceivedMessage(
            BinaryPrimitives.ReadUInt16LittleEndian(_rest[4..]),
            BinaryPrimitives.ReadUInt16LittleEndian(_rest[6..]),
            BinaryPrimitives.ReadUInt32LittleEndian(_rest[8..]),
            _rest[HeaderLength..(int)length]);
        _rest = _rest[Math.Min(Align((int)length), _rest.Length)..];
        return true;
    }
}

internal readonly ref struct ReceivedMessage(ushort type, ushort flags, uint sequence, ReadOnlySpan<byte> payload)
{
    public ushort Type { get; } = type;

    public ushort Flags { get; } = flags;

    public uint Sequence { get; } = sequence;

    public ReadOnlySpan<byte> Payload { get; } = payload;
}
