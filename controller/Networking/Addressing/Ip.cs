using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Appliance.Controller.Networking.Addressing;

/// <summary>An IPv4 or IPv6 address as a number, so that ranges and pools are arithmetic.</summary>
/// <param name="Version">4 or 6.</param>
internal readonly record struct Ip(UInt128 Value, int Version) : IComparable<Ip>
{
    public int Bits => Version == 4 ? 32 : 128;

    /// <summary>Strict: four decimal octets without leading zeros, or an IPv6 address without scope. netaddr's <c>IPAddress</c> under Neutron's checks.</summary>
    public static bool TryParse(string? text, out Ip ip)
    {
        ip = default;
        if (text is null)
            return false;
        return text.Contains(':', StringComparison.Ordinal) ? TryParse6(text, out ip) : TryParse4(text, out ip);
    }

    /// <exception cref="FormatException">Not an address.</exception>
    public static Ip Parse(string text) => TryParse(text, out var ip) ? ip : throw new FormatException($"'{text}' is not an IP address");

    public Ip Next(UInt128 distance) => this with { Value = Value + distance };

    public int CompareTo(Ip other) => Version != other.Version ? Version.CompareTo(other.Version) : Value.CompareTo(other.Value);

    public static bool operator <(Ip left, Ip right) => left.CompareTo(right) < 0;
    public static bool operator >(Ip left, Ip right) => left.CompareTo(right) > 0;
    public static bool operator <=(Ip left, Ip right) => left.CompareTo(right) <= 0;
    public static bool operator >=(Ip left, Ip right) => left.CompareTo(right) >= 0;

    /// <summary>The canonical text: dotted quad, or the compact form of RFC 5952.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return new IPAddress(Version == 4 ? bytes[12..] : bytes).ToString();
    }

    private static bool TryParse4(string text, out Ip ip)
    {
        ip = default;
        uint value = 0;
        var octets = 0;
        foreach (var part in text.Split('.'))
        {
            var isCanonical = part.Length is > 0 and <= 3 && part.All(char.IsAsciiDigit) && (part.Length == 1 || part[0] != '0');
            if (!isCanonical || int.Parse(part, CultureInfo.InvariantCulture) is var octet && octet > 255 || ++octets > 4)
                return false;
            value = (value << 8) | (uint)octet;
        }

        ip = new Ip(value, 4);
        return octets == 4;
    }

    private static bool TryParse6(string text, out Ip ip)
    {
        ip = default;
        if (text.AsSpan().ContainsAny('%', '[', ']') || text.Contains('/', StringComparison.Ordinal))
            return false;
        if (!IPAddress.TryParse(text, out var address) || address.AddressFamily != AddressFamily.InterNetworkV6)
            return false;
        ip = new Ip(BinaryPrimitives.ReadUInt128BigEndian(address.GetAddressBytes()), 6);
        return true;
    }
}
