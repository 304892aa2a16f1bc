using Appliance.Controller.Compute;

namespace Appliance.Controller.Tests.Compute;

public class IsoTimeTests
{
    [Theory]
    [InlineData("2011-01-24T17:08:09Z", "2011-01-24T17:08:09Z")]
    [InlineData("2011-01-24 17:08:09.5", "2011-01-24T17:08:09.5Z")]
    [InlineData("2011-01-24T17:08:09.123456789+02:00", "2011-01-24T15:08:09.1234567Z")]
    [InlineData("20110124T170809-0130", "2011-01-24T18:38:09Z")]
    [InlineData("2011-01-24", "2011-01-24T00:00:00Z")]
    [InlineData("2011-01", "2011-01-01T00:00:00Z")]
    [InlineData("2011", "2011-01-01T00:00:00Z")]
    public void Forms_of_ISO_8601_are_read(string text, string expected)
    {
        Assert.True(IsoTime.TryParse(text, out var instant));
        Assert.Equal(DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), instant);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2011/01/01")]
    [InlineData("yesterday")]
    [InlineData("2011-13-01")]
    [InlineData("2011-02-29")]
    [InlineData("0000-01-01")]
    [InlineData("2011-01-24T25:00:00Z")]
    [InlineData("0001-01-01T00:00:00+14:00")]
    [InlineData("9999-12-31T23:59:59-14:00")]
    [InlineData("2011-01-24T17:08:09Z\n")]
    [InlineData("01/24/2011 17:08")]
    public void Everything_else_is_not(string text) => Assert.False(IsoTime.TryParse(text, out _));
}
