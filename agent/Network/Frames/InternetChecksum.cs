using System.Buffers.Binary;

namespace Appliance.Agent.Network.Frames;

/// <summary>The ones' complement sum of RFC 1071, over several pieces; every piece but the last must have an even length.</summary>
internal ref struct InternetChecksum
{
    private uint _sum;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= 2; bytes = bytes[2..])
            Add(BinaryPrimitives.ReadUInt16BigEndian(bytes));
        if (bytes.Length == 1)
            Add((uint)bytes[0] << 8);
    }

    public void Add(uint value)
    {
        _sum += value;
        _sum = (_sum & 0xFFFF) + (_sum >> 16);
    }

    /// <summary>What belongs into a header's checksum field.</summary>
    public readonly ushort Value => (ushort)~_sum;

    /// <summary>As <see cref="Value"/>, but never 0, which in UDP means "none" (RFC 768).</summary>
    public readonly ushort UdpValue => Value == 0 ? (ushort)0xFFFF : Value;
}
