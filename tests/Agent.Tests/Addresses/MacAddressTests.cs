using Appliance.Agent.Addresses;

namespace Appliance.Agent.Tests.Addresses;

public sealed class MacAddressTests
{
    [Fact]
    public void Text_survives_the_round_trip()
    {
        Assert.True(MacAddress.TryParse("FA:16:3e:12:34:56", out var mac));
        Assert.Equal("fa:16:3e:12:34:56", mac.ToString());
        var bytes = new byte[6];
        mac.Write(bytes);
        Assert.Equal(Convert.FromHexString("FA163E123456"), bytes);
        Assert.Equal(mac, MacAddress.Read(bytes));
    }

    [Fact]
    public void The_link_local_address_is_the_modified_eui_64()
    {
        Assert.True(MacAddress.TryParse("fa:16:3e:92:04:56", out var mac));
        Assert.Equal("fe80::f816:3eff:fe92:456", mac.ToLinkLocal().ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("fa:16:3e:12:34")]
    [InlineData("fa-16-3e-12-34-56")]
    [InlineData("fa:16:3e:12:34:5g")]
    [InlineData("fa:16:3e:12:34:+5")]
    [InlineData(" fa:16:3e:12:34:5")]
    public void Anything_else_is_refused(string? text) => Assert.False(MacAddress.TryParse(text, out _));
}
