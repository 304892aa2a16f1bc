using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Appliance.Agent.Network.Dhcp;

/// <summary>How the text of an extra option becomes bytes.</summary>
internal enum ValueFormat
{
    Text,
    Addresses,
    Number8,
    Number16,
    Number32,

    /// <summary>RFC 1035 §3.1, uncompressed: DHCPv6 option 24; DHCPv4 option 119.</summary>
    DomainNames,

    /// <summary><c>10.0.0.0/8,10.1.1.1</c>: RFC 3442.</summary>
    Routes,

    /// <summary>RFC 5908: each server address as a suboption.</summary>
    Ntp6,

    /// <summary>RFC 5970 §3.2: each parameter after its length.</summary>
    BootParameters,

    /// <summary>Given by number only: addresses, a number, <c>0a:0b</c> or text, whichever the value looks like (dnsmasq, option.c).</summary>
    Guess,
}

/// <summary>Encodes the values of a port's extra options.</summary>
internal static class DhcpOptionValue
{
    /// <summary>What one option may cost a reply; Neutron takes values of up to 255 characters.</summary>
    private const int MaxLength = 1024;

    /// <returns>Null when the text does not fit the format.</returns>
    public static byte[]? TryEncode(ValueFormat format, string text, bool isIpv6)
    {
        string value = Unquote(text.Trim());
        byte[]? bytes = format switch
        {
            ValueFormat.Text => Encoding.UTF8.GetBytes(value),
            ValueFormat.Addresses => TryAddresses(value, isIpv6),
            ValueFormat.Number8 => TryNumber(value, 1),
            ValueFormat.Number16 => TryNumber(value, 2),
            ValueFormat.Number32 => TryNumber(value, 4),
            ValueFormat.DomainNames => TryDomainNames(value.Split(',')),
            ValueFormat.Routes => TryRoutes(value.Split(',')),
            ValueFormat.Ntp6 => TryNtp6(value),
            ValueFormat.BootParameters => BootParameters(value.Split(',')),
            _ => Guess(value, isIpv6),
        };
        return bytes is { Length: <= MaxLength } ? bytes : null;
    }

    private static string Unquote(string text) => text.Length >= 2 && text[0] == '"' && text[^1] == '"' ? text[1..^1] : text;

    private static byte[]? TryAddresses(string text, bool isIpv6)
    {
        var bytes = new List<byte>();
        foreach (string part in text.Split(','))
        {
            // dnsmasq writes IPv6 addresses in brackets.
            string literal = part.Trim().Trim('[', ']');
            bool isDotted = literal.Count(c => c == '.') == 3;
            if (isDotted == isIpv6 || !IPAddress.TryParse(literal, out var address))
                return null;
            bytes.AddRange(address.GetAddressBytes());
        }

        return [.. bytes];
    }

    private static byte[]? TryNumber(string text, int length)
    {
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
            return null;

        long limit = 1L << 8 * length;
        if (number >= limit || number < -limit / 2)
            return null;

        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        return bytes[(8 - length)..].ToArray();
    }

    /// <returns>Null when a label is empty or longer than 63 bytes.</returns>
    public static byte[]? TryDomainNames(IEnumerable<string> names)
    {
        var bytes = new List<byte>();
        foreach (string name in names)
        {
            foreach (string label in name.Trim().TrimEnd('.').Split('.'))
            {
                if (label.Length is 0 or > 63 || !Ascii.IsValid(label))
                    return null;
                bytes.Add((byte)label.Length);
                bytes.AddRange(Encoding.ASCII.GetBytes(label));
            }

            bytes.Add(0);
        }

        return [.. bytes];
    }

    private static byte[]? TryRoutes(string[] parts)
    {
        var routes = new List<DhcpLeaseBuilder.Route>();
        for (int i = 0; i + 1 < parts.Length; i += 2)
        {
            string prefix = parts[i].Contains('/', StringComparison.Ordinal) ? parts[i] : parts[i] + "/32";
            if (!IPNetwork.TryParse(prefix, out var destination) || !IPAddress.TryParse(parts[i + 1], out var nextHop)
                || destination.BaseAddress.GetAddressBytes().Length != 4 || nextHop.GetAddressBytes().Length != 4)
                return null;
            routes.Add(new(destination, nextHop));
        }

        return parts.Length % 2 == 0 ? DhcpLeaseBuilder.EncodeRoutes(routes) : null;
    }

    private static byte[]? TryNtp6(string text)
    {
        if (TryAddresses(text, isIpv6: true) is not { } addresses)
            return null;

        // Suboption 1 (NTP_SUBOPTION_SRV_ADDR), length 16.
        return [.. addresses.Chunk(16).SelectMany(address => (byte[])[0, 1, 0, 16, .. address])];
    }

    private static byte[] BootParameters(string[] parameters) =>
        [.. parameters.Select(Encoding.UTF8.GetBytes)
            .SelectMany(parameter => (byte[])[(byte)(parameter.Length >> 8), (byte)parameter.Length, .. parameter])];

    private static byte[] Guess(string text, bool isIpv6)
    {
        if (TryAddresses(text, isIpv6) is { } addresses)
            return addresses;
        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
            return TryNumber(text, number > ushort.MaxValue ? 4 : number > byte.MaxValue ? 2 : 1)!;
        return TryHex(text) ?? Encoding.UTF8.GetBytes(text);
    }

    private static byte[]? TryHex(string text)
    {
        var bytes = new List<byte>();
        foreach (string part in text.Split(':'))
        {
            if (part.Length != 2 || !byte.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
                return null;
            bytes.Add(value);
        }

        return bytes.Count > 1 ? [.. bytes] : null;
    }
}
