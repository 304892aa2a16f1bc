using System.Net;
using System.Net.Sockets;

namespace Appliance.Controller.Compute.Servers;

/// <summary>The <c>accessIPv4</c> and <c>accessIPv6</c> of a server in the one way Nova writes an address.</summary>
internal static class AccessAddress
{
    /// <summary>Null for null; the shortest form, never with a dotted tail.</summary>
    public static string? Normalize(string? text)
    {
        if (text is null || !IPAddress.TryParse(text, out var address))
            return text;
        var plain = address.ToString();
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || !plain.Contains('.', StringComparison.Ordinal))
            return plain;

        var bytes = address.GetAddressBytes();
        var colon = plain.LastIndexOf(':');
        return string.Create(CultureInfo.InvariantCulture,
            $"{plain[..colon]}:{(bytes[12] << 8) | bytes[13]:x}:{(bytes[14] << 8) | bytes[15]:x}");
    }
}
