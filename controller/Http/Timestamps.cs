using System.Text.Json;

namespace Appliance.Controller.Http;

/// <summary>The time formats of OpenStack's wire forms; all UTC.</summary>
internal static class Timestamps
{
    // The standard formats "s" and "O" have a path of their own in the runtime, several times as fast as a pattern. "O" ends with a seventh
    // digit of the second and, for UTC, a Z.
    private const int SecondsLength = 19;
    private const int MicrosLength = 26;
    private const int RoundTripLength = 28;

    /// <summary><c>2026-01-31T23:59:59Z</c>: Nova, Glance, Neutron, Heat.</summary>
    public static string Seconds(DateTimeOffset instant) => string.Create(SecondsLength + 1, instant.UtcDateTime, static (text, at) =>
    {
        at.TryFormat(text, out _, "s", CultureInfo.InvariantCulture);
        text[^1] = 'Z';
    });

    /// <summary><c>2026-01-31T23:59:59.000000Z</c>: Keystone's tokens.</summary>
    public static string Micros(DateTimeOffset instant) => string.Create(MicrosLength + 1, instant.UtcDateTime, static (text, at) =>
    {
        WriteMicros(text, at);
        text[^1] = 'Z';
    });

    /// <summary>Writes a member in the form of <see cref="Micros"/>, without making the text.</summary>
    public static void WriteMicros(Utf8JsonWriter writer, string name, DateTimeOffset instant)
    {
        Span<char> text = stackalloc char[MicrosLength + 1];
        WriteMicros(text, instant.UtcDateTime);
        text[^1] = 'Z';
        writer.WriteString(name, text);
    }

    /// <summary><c>2026-01-31T23:59:59.000000</c>: instance actions, Cinder.</summary>
    public static string MicrosNoZone(DateTimeOffset instant) => string.Create(MicrosLength, instant.UtcDateTime, WriteMicros);

    private static void WriteMicros(Span<char> text, DateTime at)
    {
        Span<char> whole = stackalloc char[RoundTripLength];
        at.TryFormat(whole, out _, "O", CultureInfo.InvariantCulture);
        whole[..MicrosLength].CopyTo(text);
    }
}
