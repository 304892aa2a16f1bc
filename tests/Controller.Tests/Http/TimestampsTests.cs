using Appliance.Controller.Http;

namespace Appliance.Controller.Tests.Http;

public sealed class TimestampsTests
{
    private static readonly DateTimeOffset Instant = new DateTimeOffset(2026, 1, 31, 23, 59, 59, TimeSpan.Zero).AddTicks(1_234_567);

    [Fact]
    public void Instants_have_the_lengths_and_digits_that_clients_parse()
    {
        Assert.Equal("2026-01-31T23:59:59Z", Timestamps.Seconds(Instant));
        Assert.Equal("2026-01-31T23:59:59.123456Z", Timestamps.Micros(Instant));
        Assert.Equal("2026-01-31T23:59:59.123456", Timestamps.MicrosNoZone(Instant));
        Assert.Equal("2026-01-31T23:59:59.000000Z", Timestamps.Micros(Instant.AddTicks(-1_234_567)));
    }

    [Fact]
    public void Instants_of_other_zones_are_shown_in_UTC() =>
        Assert.Equal("2026-01-31T23:59:59Z", Timestamps.Seconds(Instant.ToOffset(TimeSpan.FromHours(5))));
}
