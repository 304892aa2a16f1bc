using System.Net;
using System.Numerics;
using Appliance.Linux.Netlink.Nftables;
using Appliance.Linux.Netlink.Route;

namespace Appliance.Agent.Network.Plan;

/// <summary>Prefixes as the elements of an interval set: overlapping and adjacent ones joined, which such a set demands.</summary>
internal static class AddressRanges
{
    /// <param name="prefixes">All of one family.</param>
    public static IReadOnlyList<NftElement> Elements(IEnumerable<IpPrefix> prefixes)
    {
        var elements = new List<NftElement>();
        int length = 0;
        BigInteger start = 0, end = -1;
        foreach (var prefix in prefixes.OrderBy(prefix => Number(prefix.Network.Address)))
        {
            length = prefix.AddressBits / 8;
            var first = Number(prefix.Network.Address);
            var after = first + (BigInteger.One << (prefix.AddressBits - prefix.Length));
            if (end >= first)
            {
                end = BigInteger.Max(end, after);
                continue;
            }

            Close(elements, start, end, length);
            (start, end) = (first, after);
        }

        Close(elements, start, end, length);
        return elements;
    }

    private static void Close(List<NftElement> elements, BigInteger start, BigInteger end, int length)
    {
        if (end < 0)
            return;

        elements.Add(NftElement.Of(Bytes(start, length)));
        // A range up to the last address has no end: there is nothing after it.
        if (end < BigInteger.One << (length * 8))
            elements.Add(NftElement.End(Bytes(end, length)));
    }

    private static BigInteger Number(IPAddress address) => new(address.GetAddressBytes(), isUnsigned: true, isBigEndian: true);

    private static byte[] Bytes(BigInteger number, int length)
    {
        var bytes = new byte[length];
        var digits = number.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(bytes, length - digits.Length);
        return bytes;
    }
}
