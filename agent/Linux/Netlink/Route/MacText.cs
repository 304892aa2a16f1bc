using System.Globalization;

namespace Appliance.Linux.Netlink.Route;

/// <summary>Ethernet addresses as people write them.</summary>
internal static class MacText
{
    public static string Format(ReadOnlySpan<byte> bytes) => bytes.Length == 6
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes[0]:x2}:{bytes[1]:x2}:{bytes[2]:x2}:{bytes[3]:x2}:{bytes[4]:x2}:{bytes[5]:x2}")
        : "";

    /// <summary>The six bytes of <c>fa:16:3e:00:00:01</c>.</summary>
    /// <exception cref="FormatException">It is not one.</exception>
    public static byte[] Parse(string text) => text.Length == 17
        ? Convert.FromHexString(text.Replace(":", "", StringComparison.Ordinal))
        : throw new FormatException($"\"{text}\" is not a MAC address.");

    /// <summary>As <see cref="Parse"/>, for text of strangers.</summary>
    public static bool TryParse(string text, out byte[] mac)
    {
        mac = new byte[6];
        string[] bytes = text.Split(':');
        bool isOne = bytes.Length == mac.Length;
        for (int i = 0; isOne && i < mac.Length; i++)
            isOne = bytes[i].Length == 2 && byte.TryParse(bytes[i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out mac[i]);
        return isOne;
    }
}
