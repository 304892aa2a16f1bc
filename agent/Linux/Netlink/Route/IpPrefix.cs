using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Appliance.Linux.Netlink.Route;

/// <summary>An address with a prefix length: an interface's address (host bits kept) or a destination.</summary>
internal readonly record struct IpPrefix(IPAddress Address, int Length)
{
    public bool IsIpv4 => Address.AddressFamily == AddressFamily.InterNetwork;

    /// <summary>32 or 128.</summary>
    public int AddressBits => IsIpv4 ? 32 : 128;

    /// <summary>Whether it is exactly one address.</summary>
    public bool IsHost => Length == AddressBits;

    /// <summary>The same prefix with host bits cleared.</summary>
    public IpPrefix Network
    {
        get
        {
            var bytes = Address.GetAddressBytes();
            for (int bit = Length; bit < AddressBits; bit++)
                bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
            return new(new IPAddress(bytes), Length);
        }
    }

    /// <summary>Reads <c>10.5.0.0/24</c>, or a bare address as one of full length. Host bits are kept.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out IpPrefix prefix)
    {
        prefix = default;
        if (text is null)
            return false;

        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text.AsSpan(0, slash), out var address))
            return false;

        int bits = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        int length = bits;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > bits))
            return false;

        prefix = new(address, length);
        return true;
    }

    /// <exception cref="FormatException">It is not an address or prefix.</exception>
    public static IpPrefix Parse(string text) =>
        TryParse(text, out var prefix) ? prefix : throw new FormatException($"\"{text}\" is not an IP address or prefix.");

    public bool Contains(IPAddress address) =>
        address.AddressFamily == Address.AddressFamily && new IpPrefix(address, Length).Network.Address.Equals(Network.Address);

    public override string ToString() => $"{Address}/{Length}";
}
