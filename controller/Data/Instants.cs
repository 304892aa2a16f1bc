namespace Appliance.Controller.Data;

/// <summary>Instants are stored as microseconds since 1970-01-01T00:00:00Z, the finest that OpenStack's wire formats show.</summary>
internal static class Instants
{
    public static long ToStored(DateTimeOffset instant) => (instant - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
    public static DateTimeOffset FromStored(long microseconds) => DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
}
