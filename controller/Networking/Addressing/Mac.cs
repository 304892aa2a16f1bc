using System.Security.Cryptography;

namespace Appliance.Controller.Networking.Addressing;

/// <summary>Ethernet addresses in the form the API shows: lower-case hexadecimal pairs with colons.</summary>
internal static class Mac
{
    /// <summary>Accepts the spellings netaddr accepts (colons, dashes, dots, bare); null when it is no MAC address.</summary>
    public static string? Normalize(string text)
    {
        var digits = text.Length switch
        {
            12 => text,
            14 when text[4] == '.' && text[9] == '.' => text.Replace(".", "", StringComparison.Ordinal),
            _ => JoinPairs(text),
        };
        if (digits is not { Length: 12 } || !digits.All(char.IsAsciiHexDigit))
            return null;
        return string.Join(':', Enumerable.Range(0, 6).Select(i => digits.Substring(2 * i, 2))).ToLowerInvariant();
    }

    /// <summary>A random address under <c>fa:16:3e</c>, Neutron's default <c>base_mac</c>.</summary>
    public static string Random()
    {
        Span<byte> tail = stackalloc byte[3];
        RandomNumberGenerator.Fill(tail);
        return $"fa:16:3e:{tail[0]:x2}:{tail[1]:x2}:{tail[2]:x2}";
    }

    /// <summary>The address a host with this MAC gives itself in a /64 prefix: modified EUI-64, RFC 4291 appendix A.</summary>
    public static Ip Eui64(Cidr prefix, string mac)
    {
        var bytes = Convert.FromHexString(mac.Replace(":", "", StringComparison.Ordinal));
        ulong identifier = 0;
        foreach (var part in (ReadOnlySpan<byte>)[(byte)(bytes[0] ^ 2), bytes[1], bytes[2], 0xff, 0xfe, bytes[3], bytes[4], bytes[5]])
            identifier = (identifier << 8) | part;
        return prefix.First with { Value = prefix.First.Value | identifier };
    }

    private static string? JoinPairs(string text)
    {
        var parts = text.Split(text.Contains('-', StringComparison.Ordinal) ? '-' : ':');
        return parts.Length == 6 && parts.All(static part => part.Length is 1 or 2) ? string.Concat(parts.Select(static part => part.PadLeft(2, '0'))) : null;
    }
}
