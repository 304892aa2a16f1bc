using System.Net;
using Appliance.Agent.Network.Frames;
using Appliance.Agent.Network.RouterAdvertisement;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Network.RouterAdvertisement;

public sealed class AdvertisementBuilderTests
{
    [Fact]
    public void The_router_interface_is_the_sender()
    {
        byte[] frame = Single("slaac");
        Assert.Equal("333300000001" + "FA163E000001" + "86DD", Convert.ToHexString(frame[..14]));
        Assert.Equal("fe80::f816:3eff:fe00:1", new IPAddress(frame[22..38]).ToString());
        Assert.Equal("ff02::1", new IPAddress(frame[38..54]).ToString());
        Assert.Equal(255, frame[21]);
        Assert.Equal([1, 1, 0xFA, 0x16, 0x3E, 0, 0, 1], Option(frame, 1)!);
    }

    [Fact]
    public void Its_checksum_holds()
    {
        byte[] frame = Single("slaac");
        var checksum = new InternetChecksum();
        checksum.Add(frame.AsSpan(22, 32));
        checksum.Add((uint)(frame.Length - 54));
        checksum.Add(58);
        checksum.Add(frame.AsSpan(54));
        Assert.Equal(0, checksum.Value);
    }

    [Theory]
    [InlineData("slaac", 0x00, 0xC0)]
    [InlineData("dhcpv6-stateless", 0x40, 0xC0)]
    [InlineData("dhcpv6-stateful", 0x80, 0x80)]
    public void Flags_follow_the_mode(string mode, byte flags, byte prefixFlags)
    {
        byte[] frame = Single(mode);
        Assert.Equal(134, frame[54]);
        Assert.Equal(flags, frame[59]);
        byte[] prefix = Option(frame, 3)!;
        Assert.Equal((64, prefixFlags), (prefix[2], prefix[3]));
        Assert.Equal("2001:db8:5::", new IPAddress(prefix[16..]).ToString());
    }

    [Fact]
    public void Mtu_and_name_servers_are_announced()
    {
        byte[] frame = Single("slaac");
        Assert.Equal([5, 1, 0, 0, 0, 0, 1450 >> 8, 1450 & 255], Option(frame, 5)!);
        Assert.Equal("2620:fe::fe", new IPAddress(Option(frame, 25)![8..]).ToString());
        Assert.Null(Option(Single("dhcpv6-stateless"), 25));
    }

    [Fact]
    public void Nobody_advertises_without_mode_or_router()
    {
        Assert.Empty(AdvertisementBuilder.Build(GuestDocuments.WithIpv6(null, null)));
        Assert.Empty(AdvertisementBuilder.Build(With(GuestDocuments.Subnet6 with { HasRouter = false })));
        Assert.Empty(AdvertisementBuilder.Build(With(GuestDocuments.Subnet6 with { GatewayMac = null })));
        Assert.Empty(AdvertisementBuilder.Build(With(GuestDocuments.Subnet6 with { GatewayMac = "nonsense" })));
        Assert.Empty(AdvertisementBuilder.Build(GuestDocuments.Network));
    }

    [Fact]
    public void Subnets_of_one_router_interface_share_an_advertisement()
    {
        var second = GuestDocuments.Subnet6 with { Id = "b", Cidr = "2001:db8:6::/64", Ipv6RaMode = "dhcpv6-stateful" };
        var other = GuestDocuments.Subnet6 with { Id = "c", Cidr = "2001:db8:7::/64", GatewayMac = "fa:16:3e:00:00:02" };
        var frames = AdvertisementBuilder.Build(With(GuestDocuments.Subnet6, second, other));
        Assert.Equal(2, frames.Count);
        Assert.Equal(2, Options(frames[0]).Count(option => option[0] == 3));
        Assert.Single(Options(frames[1]), option => option[0] == 3);
    }

    private static NetworkDocument With(params SubnetDocument[] subnets) => GuestDocuments.Network with { Subnets = subnets };

    private static byte[] Single(string mode) => Assert.Single(AdvertisementBuilder.Build(GuestDocuments.WithIpv6(mode, mode)));

    private static byte[]? Option(byte[] frame, byte type) => Options(frame).FirstOrDefault(option => option[0] == type);

    private static IEnumerable<byte[]> Options(byte[] frame)
    {
        for (int at = 70; at < frame.Length; at += frame[at + 1] * 8)
            yield return frame[at..(at + frame[at + 1] * 8)];
    }
}
