using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace Appliance.Agent.Addresses;

/// <summary>A 48-bit Ethernet address.</summary>
/// <param name="Value">The six bytes as a big-endian number; the upper 16 bits are zero.</param>
internal readonly record struct MacAddress(ulong Value)
{
    public const int Length = 6;

    public static readonly MacAddress Broadcast = new(0xFFFF_FFFF_FFFF);

    public static MacAddress Read(ReadOnlySpan<byte> bytes) =>
        new((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32 | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]));

    /// <summary>Reads <c>fa:16:3e:00:00:01</c> in either case.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress mac)
    {
        mac = default;
        if (text is not { Length: 17 })
            return false;

        ulong value = 0;
        for (int start = 0; start < text.Length; start += 3)
        {
            if (start > 0 && text[start - 1] != ':')
                return false;
            if (!byte.TryParse(text.AsSpan(start, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte part))
                return false;
            value = value << 8 | part;
        }

        mac = new(value);
        return true;
    }

    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(Value >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(destination[2..], (uint)Value);
    }

    /// <summary>The link-local address an interface with this MAC gives itself (modified EUI-64, RFC 4291 appendix A).</summary>
    public IPAddress ToLinkLocal()
    {
        Span<byte> address = stackalloc byte[16];
        address.Clear();
        address[0] = 0xFE;
        address[1] = 0x80;
        BinaryPrimitives.WriteUInt32BigEndian(address[8..], (uint)(Value >> 24) << 8 ^ 0x0200_0000 | 0xFF);
        BinaryPrimitives.WriteUInt32BigEndian(address[12..], 0xFE00_0000 | (uint)(Value & 0xFF_FFFF));
        return new IPAddress(address);
    }

    public override string ToString() =>
        $"{Value >> 40 & 0xFF:x2}:{Value >> 32 & 0xFF:x2}:{Value >> 24 & 0xFF:x2}:{Value >> 16 & 0xFF:x2}:{Value >> 8 & 0xFF:x2}:{Value & 0xFF:x2}";
}
