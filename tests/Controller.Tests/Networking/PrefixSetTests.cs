using Appliance.Controller.Networking.Addressing;

namespace Appliance.Controller.Tests.Networking;

public sealed class PrefixSetTests
{
    [Theory]
    [InlineData("10.0.0.0/24 10.0.1.0/24", "", "10.0.0.0/23")]
    [InlineData("10.0.1.0/24 10.0.2.0/24", "", "10.0.1.0/24 10.0.2.0/24")]
    [InlineData("10.0.0.0/8 10.1.0.0/16", "", "10.0.0.0/8")]
    [InlineData("10.0.0.0/24", "10.0.0.64/26", "10.0.0.0/26 10.0.0.128/25")]
    [InlineData("10.0.0.0/24", "10.0.0.0/24", "")]
    [InlineData("10.0.0.0/24", "10.0.0.0/25 10.0.0.192/26", "10.0.0.128/26")]
    [InlineData("0.0.0.0/0", "255.255.255.255/32 0.0.0.0/1", "128.0.0.0/2 192.0.0.0/3 224.0.0.0/4 240.0.0.0/5 248.0.0.0/6 252.0.0.0/7 254.0.0.0/8 " +
        "255.0.0.0/9 255.128.0.0/10 255.192.0.0/11 255.224.0.0/12 255.240.0.0/13 255.248.0.0/14 255.252.0.0/15 255.254.0.0/16 255.255.0.0/17 " +
        "255.255.128.0/18 255.255.192.0/19 255.255.224.0/20 255.255.240.0/21 255.255.248.0/22 255.255.252.0/23 255.255.254.0/24 255.255.255.0/25 " +
        "255.255.255.128/26 255.255.255.192/27 255.255.255.224/28 255.255.255.240/29 255.255.255.248/30 255.255.255.252/31 255.255.255.254/32")]
    [InlineData("::/0", "8000::/1", "::/1")]
    [InlineData("::/0", "", "::/0")]
    public void What_is_left_is_said_in_the_fewest_prefixes(string prefixes, string without, string left)
    {
        var version = prefixes.Contains(':', StringComparison.Ordinal) ? 6 : 4;
        var set = new PrefixSet(version, Parse(prefixes)).Without(new PrefixSet(version, Parse(without)));
        Assert.Equal(left, string.Join(' ', set.Prefixes));
    }

    private static IEnumerable<Cidr> Parse(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Cidr.Parse);
}
