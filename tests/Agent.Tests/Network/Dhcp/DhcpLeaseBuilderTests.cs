using Appliance.Agent.Network.Dhcp;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Network.Dhcp;

public sealed class DhcpLeaseBuilderTests
{
    private static readonly byte[] MetadataRoute = [32, 169, 254, 169, 254, 0, 0, 0, 0];
    private static readonly byte[] DefaultRoute = [0, 10, 5, 0, 1];

    [Fact]
    public void Routes_hold_metadata_on_the_link_and_the_default_route()
    {
        var lease = DhcpLeaseBuilder.Build(GuestDocuments.Port, GuestDocuments.Network)!;
        Assert.Equal([.. MetadataRoute, .. DefaultRoute], lease.Find(121)!);
        Assert.Equal(lease.Find(121), lease.Find(249));
    }

    [Fact]
    public void Host_routes_and_sibling_subnets_are_announced()
    {
        var network = GuestDocuments.Network with
        {
            Subnets =
            [
                GuestDocuments.Subnet4 with { HostRoutes = [new("10.8.0.0/13", "10.5.0.2")] },
                GuestDocuments.Subnet4 with { Id = "other", Cidr = "10.6.0.0/16", EnableDhcp = false },
                GuestDocuments.Subnet6,
            ],
        };
        Assert.Equal(
            [16, 10, 6, 0, 0, 0, 0, 13, 10, 8, 10, 5, 0, 2, .. MetadataRoute, .. DefaultRoute],
            DhcpLeaseBuilder.Build(GuestDocuments.Port, network)!.Find(121)!);
    }

    [Fact]
    public void A_default_host_route_stands_in_for_a_missing_gateway()
    {
        var subnet = GuestDocuments.Subnet4 with { GatewayIp = null, HostRoutes = [new("0.0.0.0/0", "10.5.0.200")] };
        var lease = DhcpLeaseBuilder.Build(GuestDocuments.Port, GuestDocuments.Network with { Subnets = [subnet] })!;
        Assert.Equal([10, 5, 0, 200], lease.Find(3));
        Assert.Equal([.. MetadataRoute, 0, 10, 5, 0, 200], lease.Find(121)!);
    }

    [Fact]
    public void Without_a_gateway_there_is_no_default_route_but_metadata()
    {
        var lease = Build(GuestDocuments.Subnet4 with { GatewayIp = null });
        Assert.Null(lease!.Find(3));
        Assert.Equal(MetadataRoute, lease.Find(121)!);
    }

    [Fact]
    public void Subnets_without_dhcp_are_silent()
    {
        Assert.Null(Build(GuestDocuments.Subnet4 with { EnableDhcp = false }));
        Assert.Null(DhcpLeaseBuilder.Build(GuestDocuments.Port with { FixedIps = [] }, GuestDocuments.Network));
    }

    [Fact]
    public void The_first_ipv4_address_with_dhcp_wins()
    {
        var network = GuestDocuments.Network with
        {
            Subnets =
            [
                GuestDocuments.Subnet6,
                GuestDocuments.Subnet4 with { Id = "silent", Cidr = "10.4.0.0/24", EnableDhcp = false },
                GuestDocuments.Subnet4,
                GuestDocuments.Subnet4 with { Id = "late", Cidr = "10.6.0.0/24" },
            ],
        };
        var port = GuestDocuments.Port with
        {
            FixedIps =
            [
                new(GuestDocuments.Subnet6.Id, "2001:db8:5::7"), new("silent", "10.4.0.7"), new(GuestDocuments.Subnet4.Id, "10.5.0.7"),
                new("late", "10.6.0.7"),
            ],
        };
        Assert.Equal(0x0A050007u, DhcpLeaseBuilder.Build(port, network)!.Address);
    }

    [Fact]
    public void A_name_server_of_zeros_means_none() => Assert.Null(Build(GuestDocuments.Subnet4 with { DnsNameservers = ["0.0.0.0"] })!.Find(6));

    [Theory]
    [InlineData("ntp-server", "10.0.0.1,10.0.0.2", 42, "0A0000010A000002")]
    [InlineData("42", "10.0.0.1", 42, "0A000001")]
    [InlineData("option:mtu", "1400", 26, "0578")]
    [InlineData("dns-server", "10.0.0.53", 6, "0A000035")]
    [InlineData("domain-search", "a.example,b.example", 119, "0161076578616D706C6500" + "0162076578616D706C6500")]
    [InlineData("classless-static-route", "10.1.0.0/16,10.5.0.9", 121, "100A010A050009")]
    [InlineData("time-offset", "-3600", 2, "FFFFF1F0")]
    [InlineData("tftp-server", "boot.example", 66, "626F6F742E6578616D706C65")]
    [InlineData("bootfile-name", "\"a b\"", 67, "612062")]
    [InlineData("150", "10.0.0.9", 150, "0A000009")]
    [InlineData("224", "77", 224, "4D")]
    [InlineData("224", "70000", 224, "00011170")]
    [InlineData("224", "0a:0b", 224, "0A0B")]
    [InlineData("224", "some text", 224, "736F6D652074657874")]
    public void Extra_options_are_encoded_as_dnsmasq_does(string name, string value, byte code, string hex)
    {
        var port = GuestDocuments.Port with { ExtraDhcpOptions = [new(name, value, 4)] };
        Assert.Equal(hex, Convert.ToHexString(DhcpLeaseBuilder.Build(port, GuestDocuments.Network)!.Find(code)!));
    }

    [Theory]
    [InlineData("no-such-option", "1")]
    [InlineData("ntp-server", "not an address")]
    [InlineData("ntp-server", "2001:db8::1")]
    [InlineData("mtu", "70000")]
    [InlineData("default-ttl", "x")]
    [InlineData("domain-search", "a..b")]
    [InlineData("classless-static-route", "10.0.0.0/8")]
    [InlineData("256", "1")]
    [InlineData("0", "1")]
    [InlineData("51", "60")]
    [InlineData("54", "10.0.0.1")]
    [InlineData("tag:x,67", "1")]
    public void Extra_options_that_make_no_sense_change_nothing(string name, string value)
    {
        var port = GuestDocuments.Port with { ExtraDhcpOptions = [new(name, value, 4)] };
        var plain = DhcpLeaseBuilder.Build(GuestDocuments.Port, GuestDocuments.Network)!;
        var lease = DhcpLeaseBuilder.Build(port, GuestDocuments.Network)!;
        Assert.Equal(plain.Options.Select(option => option.Code), lease.Options.Select(option => option.Code));
        Assert.Equal(plain.Find(26), lease.Find(26));
    }

    [Fact]
    public void Options_for_ipv6_stay_out_of_ipv4()
    {
        var port = GuestDocuments.Port with { ExtraDhcpOptions = [new("ntp-server", "2001:db8::1", 6)] };
        Assert.Null(DhcpLeaseBuilder.Build(port, GuestDocuments.Network)!.Find(42));
    }

    private static DhcpLease? Build(SubnetDocument subnet) =>
        DhcpLeaseBuilder.Build(GuestDocuments.Port, GuestDocuments.Network with { Subnets = [subnet] });
}
