using System.Text.RegularExpressions;

namespace Appliance.Controller.Compute;

/// <summary>
/// Instants in queries, in the forms of ISO 8601 that oslo.utils' <c>parse_isotime</c> takes: a date, or a date and a time, with or without
/// separators; UTC unless it names an offset.
/// </summary>
internal static partial class IsoTime
{
    public static bool TryParse(string text, out DateTimeOffset instant)
    {
        instant = default;
        if (Form().Match(text) is not { Success: true } parts)
            return false;

        var (year, month, day) = (Number(parts, "year", 1), Number(parts, "month", 1), Number(parts, "day", 1));
        var (hour, minute, second) = (Number(parts, "hour", 0), Number(parts, "minute", 0), Number(parts, "second", 0));
        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
            return false;
        var offset = new TimeSpan(Number(parts, "offsetHour", 0), Number(parts, "offsetMinute", 0), 0);
        var local = new DateTime(year, month, day, hour, minute, second).Ticks + Fraction(parts.Groups["fraction"].Value);
        var ticks = parts.Groups["sign"].Value == "-" ? local + offset.Ticks : local - offset.Ticks;
        if (ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks)
            return false;

        instant = new DateTimeOffset(ticks, TimeSpan.Zero);
        return true;
    }

    private static int Number(Match parts, string name, int absent) =>
        parts.Groups[name] is { Success: true, ValueSpan: var digits } ? int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture) : absent;

    // A tick is the seventh digit; more are cut off.
    private static long Fraction(string digits) => long.Parse(digits.PadRight(7, '0')[..7], NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        """
        ^(?<year>[0-9]{4})
        (-?(?<month>[0-9]{2}) (-?(?<day>[0-9]{2})
            ([ T](?<hour>[0-9]{2}) (:?(?<minute>[0-9]{2}) (:?(?<second>[0-9]{2}) ([.,](?<fraction>[0-9]+))?)?)?
                (Z|(?<sign>[-+])(?<offsetHour>[0-9]{2}) (:?(?<offsetMinute>[0-9]{2}))?)?
            )?)?)?\z
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
