using System.Buffers.Binary;

namespace Appliance.Agent.Network.Dhcpv6;

/// <summary>Walks the options of a message or of an IA that a guest sent; stops at the first that claims more bytes than there are.</summary>
internal ref struct Dhcpv6Options(ReadOnlySpan<byte> rest)
{
    private const int HeaderLength = 4;

    private ReadOnlySpan<byte> _rest = rest;

    public ushort Code { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    public bool MoveNext()
    {
        if (_rest.Length < HeaderLength)
            return false;

        int length = BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        if (length > _rest.Length - HeaderLength)
            return false;

        Code = BinaryPrimitives.ReadUInt16BigEndian(_rest);
        Value = _rest.Slice(HeaderLength, length);
        _rest = _rest[(HeaderLength + length)..];
        return true;
    }

    /// <summary>The first option of a code; empty when there is none.</summary>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> options, ushort code, out bool found)
    {
        var walk = new Dhcpv6Options(options);
        while (walk.MoveNext())
        {
            if (walk.Code != code)
                continue;
            found = true;
            return walk.Value;
        }

        found = false;
        return default;
    }
}
