using Appliance.Vmm.Virtio.RateLimits;

namespace Appliance.VmmProgram;

/// <summary>A rate of the command line: <c>PER_SECOND[/BURST]</c>, in operations or bytes. Without a burst a tenth of a second's worth may come at once.</summary>
internal static class RateOption
{
    private const long BurstsPerSecond = 10;

    /// <summary>Takes <c>{prefix}ops=RATE</c> or <c>{prefix}bytes=RATE</c> over into a limit; false for anything else.</summary>
    public static bool TrySet(string part, string prefix, ref RateLimit limit)
    {
        int equals = part.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0 || !TryParse(part[(equals + 1)..], out var rate))
            return false;
        string name = part[..equals];
        if (name == prefix + "ops")
            limit = limit with { Operations = rate };
        else if (name == prefix + "bytes")
            limit = limit with { Bytes = rate };
        else
            return false;
        return true;
    }

    private static bool TryParse(string text, out Rate rate)
    {
        string[] numbers = text.Split('/');
        rate = default;
        if (numbers.Length > 2 || !TryParseNumber(numbers[0], out long perSecond))
            return false;
        long burst = Math.Max(1, perSecond / BurstsPerSecond);
        if (numbers.Length == 2 && !TryParseNumber(numbers[1], out burst))
            return false;
        rate = new Rate(perSecond, burst);
        return true;
    }

    private static bool TryParseNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is >= 1 and <= Rate.Max;
}
