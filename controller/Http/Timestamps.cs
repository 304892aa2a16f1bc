namespace Appliance.Controller.Http;

/// <summary>The time formats of OpenStack's wire forms; all UTC.</summary>
internal static class Timestamps
{
    /// <summary><c>2026-01-31T23:59:59Z</c>: Nova, Glance, Neutron, Heat.</summary>
    public static string Seconds(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary><c>2026-01-31T23:59:59.000000Z</c>: Keystone's tokens.</summary>
    public static string Micros(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    /// <summary><c>2026-01-31T23:59:59.000000</c>: instance actions, Cinder.</summary>
    public static string MicrosNoZone(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
}
