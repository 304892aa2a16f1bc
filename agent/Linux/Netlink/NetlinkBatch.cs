using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using static Appliance.Linux.Netlink.NetlinkConstants;

namespace Appliance.Linux.Netlink;

/// <summary>
/// Netlink messages written one after the other into a pooled buffer. Each carries the words that its failure will be reported with.
/// Attributes follow <c>struct nlattr</c>: length, type, data, padding to four bytes.
/// </summary>
internal sealed class NetlinkBatch : IDisposable
{
    private readonly List<(int Start, string Operation)> _messages = [];
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(8192);
    private int _length;

    /// <summary>How many messages were begun.</summary>
    public int Count => _messages.Count;

    public int LengthBytes => _length;

    internal ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    /// <summary>Starts a message; what is put until the next one belongs to it.</summary>
    /// <param name="flags">Without NLM_F_REQUEST and NLM_F_ACK, which the socket adds.</param>
    /// <param name="operation">For example <c>create bridge apb-0123</c>.</param>
    public NetlinkBatch Begin(ushort type, ushort flags, string operation)
    {
        FinishMessage();
        _messages.Add((_length, operation));
        var header = Take(HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], type);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], (ushort)(flags | NLM_F_REQUEST));
        return this;
    }

    /// <summary>The fixed header that some families put before the attributes.</summary>
    public NetlinkBatch Struct<T>(in T value) where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));
        bytes.CopyTo(Take(Align(bytes.Length)));
        return this;
    }

    public NetlinkBatch Put(ushort attribute, ReadOnlySpan<byte> value)
    {
        value.CopyTo(Attribute(attribute, value.Length));
        return this;
    }

    public NetlinkBatch PutFlag(ushort attribute)
    {
        Attribute(attribute, 0);
        return this;
    }

    public NetlinkBatch PutU8(ushort attribute, byte value)
    {
        Attribute(attribute, 1)[0] = value;
        return this;
    }

    public NetlinkBatch PutU16(ushort attribute, ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Attribute(attribute, 2), value);
        return this;
    }

    public NetlinkBatch PutU16BigEndian(ushort attribute, ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(Attribute(attribute, 2), value);
        return this;
    }

    public NetlinkBatch PutU32(ushort attribute, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Attribute(attribute, 4), value);
        return this;
    }

    public NetlinkBatch PutU32BigEndian(ushort attribute, uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Attribute(attribute, 4), value);
        return this;
    }

    public NetlinkBatch PutU64BigEndian(ushort attribute, ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(Attribute(attribute, 8), value);
        return this;
    }

    /// <summary>Text with its terminating zero.</summary>
    public NetlinkBatch PutString(ushort attribute, string value)
    {
        int length = Encoding.UTF8.GetByteCount(value);
        var target = Attribute(attribute, length + 1);
        Encoding.UTF8.GetBytes(value, target);
        return this;
    }

    /// <summary>Starts an attribute made of attributes; give what it returns to <see cref="EndNest"/>.</summary>
    public int BeginNest(ushort attribute)
    {
        int start = _length;
        Attribute((ushort)(attribute | NLA_F_NESTED), 0);
        return start;
    }

    public NetlinkBatch EndNest(int start)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(start), (ushort)(_length - start));
        return this;
    }

    /// <summary>Bytes of the attribute that <see cref="BeginNest"/> started: a nest holds at most 65535.</summary>
    public int NestLength(int start) => _length - start;

    public void Clear()
    {
        _messages.Clear();
        _length = 0;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    internal string OperationOf(int message) => _messages[message].Operation;

    /// <summary>One message's bytes. Sequence numbers are written by <see cref="Number"/>.</summary>
    internal ReadOnlySpan<byte> Message(int message) =>
        _buffer.AsSpan(_messages[message].Start..(message + 1 < Count ? _messages[message + 1].Start : _length));

    /// <summary>The messages from <paramref name="first"/> on that fit into <paramref name="maxBytes"/>, at least one.</summary>
    internal ReadOnlySpan<byte> Chunk(int first, int maxMessages, int maxBytes, out int count)
    {
        int start = _messages[first].Start;
        int end = start;
        for (count = 0; first + count < Count && count < maxMessages; count++)
        {
            int next = first + count + 1 < Count ? _messages[first + count + 1].Start : _length;
            if (count > 0 && next - start > maxBytes)
                break;
            end = next;
        }

        return _buffer.AsSpan(start..end);
    }

    /// <summary>Completes the headers: numbers messages upwards from <paramref name="firstSequence"/> and adds flags to each.</summary>
    internal void Number(uint firstSequence, ushort addFlags)
    {
        FinishMessage();
        for (int i = 0; i < Count; i++)
        {
            var header = _buffer.AsSpan(_messages[i].Start, HeaderLength);
            var flags = BinaryPrimitives.ReadUInt16LittleEndian(header[6..]);
            BinaryPrimitives.WriteUInt16LittleEndian(header[6..], (ushort)(flags | addFlags));
            BinaryPrimitives.WriteUInt32LittleEndian(header[8..], firstSequence + (uint)i);
        }
    }

    private void FinishMessage()
    {
        if (Count == 0)
            return;

        int start = _messages[^1].Start;
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(start), (uint)(_length - start));
    }

    private Span<byte> Attribute(ushort type, int dataLength)
    {
        var attribute = Take(Align(4 + dataLength));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, (ushort)(4 + dataLength));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], type);
        return attribute.Slice(4, dataLength);
    }

    private Span<byte> Take(int length)
    {
        if (_length + length > _buffer.Length)
            Grow(_length + length);

        var taken = _buffer.AsSpan(_length, length);
        taken.Clear();
        _length += length;
        return taken;
    }

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _buffer.Length * 2));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
