using Appliance.Linux.Netlink.Route;
using Appliance.Vmm.Virtio.RateLimits;

namespace Appliance.VmmProgram;

/// <summary>A network interface of the command line: <c>NAME[,mac=MAC][,mtu=BYTES]</c> and limits of what the guest receives (rx) and sends (tx).</summary>
/// <param name="Mac">6 bytes.</param>
internal sealed record TapOption(string Name, byte[] Mac, ushort Mtu, RateLimit Receiving = default, RateLimit Sending = default)
{
    // IPv6's least and Ethernet's most.
    private const ushort MinMtu = 1280;
    private const ushort DefaultMtu = 1500;

    /// <param name="number">Of the interface, for its address when it has none.</param>
    /// <returns>What is wrong; null when all is well.</returns>
    public static string? Parse(string value, int number, out TapOption tap)
    {
        string[] parts = value.Split(',');
        // 52:54:00 is what KVM guests carry by custom; the last byte tells the interfaces apart.
        tap = new TapOption(parts[0], [0x52, 0x54, 0x00, 0x12, 0x34, (byte)(0x56 + number)], DefaultMtu);
        foreach (string part in parts.AsSpan(1))
        {
            var (receiving, sending) = (tap.Receiving, tap.Sending);
            if (part.StartsWith("mac=", StringComparison.Ordinal) && MacText.TryParse(part[4..], out byte[] mac) && (mac[0] & 1) == 0)
                tap = tap with { Mac = mac };
            else if (part.StartsWith("mtu=", StringComparison.Ordinal)
                && ushort.TryParse(part[4..], NumberStyles.None, CultureInfo.InvariantCulture, out ushort mtu) && mtu >= MinMtu)
                tap = tap with { Mtu = mtu };
            else if (RateOption.TrySet(part, "rx-", ref receiving) || RateOption.TrySet(part, "tx-", ref sending))
                tap = tap with { Receiving = receiving, Sending = sending };
            else
                return $"--tap {value}: '{part}' is neither mac=XX:XX:XX:XX:XX:XX, mtu=BYTES nor {{rx|tx}}-{{ops|bytes}}=RATE";
        }

        return null;
    }
}
