using System.Buffers.Binary;
using System.Text;
using static Appliance.Linux.Netlink.NetlinkConstants;

namespace Appliance.Linux.Netlink;

/// <summary>Walks the attributes of a received message: <c>foreach (var attribute in new NetlinkAttributes(bytes))</c>. Stops at a malformed one.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public NetlinkAttribute Current { get; private set; }

    public readonly NetlinkAttributes GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.Length < 4)
            return false;

        int length = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
        if (length < 4 || length > _rest.Length)
            return false;

        Current = new NetlinkAttribute((ushort)(BinaryPrimitives.ReadUInt16LittleEndian(_rest[2..]) & NLA_TYPE_MASK), _rest[4..length]);
        _rest = _rest[Math.Min(Align(length), _rest.Length)..];
        return true;
    }
}

/// <summary>One attribute; its readers answer 0 or "" for data that is too short.</summary>
internal readonly ref struct NetlinkAttribute(ushort type, ReadOnlySpan<byte> data)
{
    public ushort Type { get; } = type;

    public ReadOnlySpan<byte> Data { get; } = data;

    public byte U8 => Data.Length >= 1 ? Data[0] : (byte)0;

    public ushort U16 => Data.Length >= 2 ? BinaryPrimitives.ReadUInt16LittleEndian(Data) : (ushort)0;

    public ushort U16BigEndian => Data.Length >= 2 ? BinaryPrimitives.ReadUInt16BigEndian(Data) : (ushort)0;

    public uint U32 => Data.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(Data) : 0;

    public int I32 => (int)U32;

    public uint U32BigEndian => Data.Length >= 4 ? BinaryPrimitives.ReadUInt32BigEndian(Data) : 0;

    public ulong U64BigEndian => Data.Length >= 8 ? BinaryPrimitives.ReadUInt64BigEndian(Data) : 0;

    public string Text
    {
        get
        {
            int end = Data.IndexOf((byte)0);
            return Encoding.UTF8.GetString(end < 0 ? Data : Data[..end]);
        }
    }

    public NetlinkAttributes Nested => new(Data);
}
