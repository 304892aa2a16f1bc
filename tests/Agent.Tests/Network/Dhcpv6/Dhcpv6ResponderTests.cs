using Appliance.Agent.Network.Dhcpv6;
using Appliance.Agent.Network.Frames;
using CsCheck;
using static Appliance.Agent.Tests.Network.Dhcpv6.Dhcpv6Exchange;

namespace Appliance.Agent.Tests.Network.Dhcpv6;

public sealed class Dhcpv6ResponderTests
{
    private const string Mine = "2001:db8:5::7";

    private readonly Dhcpv6Lease _stateful = Lease("dhcpv6-stateful");
    private readonly Dhcpv6Lease _stateless = Lease("dhcpv6-stateless");

    [Fact]
    public void A_solicit_is_advertised_the_ports_address()
    {
        var answer = Ask(Dhcpv6MessageType.Solicit, (1, ClientId), Ia(9))!;
        Assert.Equal(Dhcpv6MessageType.Advertise, answer.Type);
        Assert.Equal("fe80::f816:3eff:fe12:3456", answer.To);
        Assert.Equal(ClientId, answer[1]!);
        Assert.Equal(ServerId, answer[2]!);
        Assert.Equal([0, 0, 0, 9], answer[3]![..4]);
        Assert.Equal([(Mine, 86400)], Assert.Single(answer.Addresses));
        Assert.Equal(Ip("2620:fe::fe"), answer[23]!);
        Assert.Equal("\u0005cloud\u0007example\0"u8.ToArray(), answer[24]!);
    }

    [Theory]
    [InlineData(Dhcpv6MessageType.Request)]
    [InlineData(Dhcpv6MessageType.Renew)]
    internal void Requests_and_renewals_are_granted_by_this_server(Dhcpv6MessageType type)
    {
        var answer = Ask(type, (1, ClientId), (2, ServerId), Ia(1, Mine))!;
        Assert.Equal(Dhcpv6MessageType.Reply, answer.Type);
        Assert.Equal([(Mine, 86400)], Assert.Single(answer.Addresses));
        Assert.Null(Ask(type, (1, ClientId), (2, [0, 3, 0, 1, 1]), Ia(1, Mine)));
        Assert.Null(Ask(type, (1, ClientId), Ia(1, Mine)));
        Assert.Null(Ask(type, (2, ServerId), Ia(1, Mine)));
    }

    [Fact]
    public void A_rapid_solicit_is_granted_at_once()
    {
        var answer = Ask(Dhcpv6MessageType.Solicit, (1, ClientId), (14, []), Ia(1))!;
        Assert.Equal(Dhcpv6MessageType.Reply, answer.Type);
        Assert.NotNull(answer[14]);
    }

    [Fact]
    public void Addresses_that_are_not_the_ports_are_taken_back()
    {
        var answer = Ask(Dhcpv6MessageType.Rebind, (1, ClientId), Ia(1, "2001:db8:5::66"))!;
        Assert.Equal([(Mine, 86400), ("2001:db8:5::66", 0)], Assert.Single(answer.Addresses));
    }

    [Fact]
    public void Only_the_first_association_gets_addresses()
    {
        var answer = Ask(Dhcpv6MessageType.Solicit, (1, ClientId), Ia(1), Ia(2))!;
        Assert.Equal([1, 0], answer.Addresses.Select(ia => ia.Count));
    }

    [Fact]
    public void A_confirmation_tells_whether_the_address_still_fits()
    {
        Assert.Equal([0, 0], Ask(Dhcpv6MessageType.Confirm, (1, ClientId), Ia(1, Mine))![13]!);
        Assert.Equal([0, 4], Ask(Dhcpv6MessageType.Confirm, (1, ClientId), Ia(1, "2001:db8:9::7"))![13]!);
        Assert.Null(Ask(Dhcpv6MessageType.Confirm, (1, ClientId), Ia(1)));
    }

    [Fact]
    public void Releases_are_acknowledged() =>
        Assert.Equal([0, 0], Ask(Dhcpv6MessageType.Release, (1, ClientId), (2, ServerId), Ia(1, Mine))![13]!);

    [Fact]
    public void A_stateless_subnet_gives_options_only()
    {
        var information = Dhcpv6Exchange.Ask(_stateless, Frame(Message(Dhcpv6MessageType.InformationRequest, (6, [0, 23]))))!;
        Assert.Equal(Ip("2620:fe::fe"), information[23]!);
        Assert.Null(information[24]);

        var solicited = Dhcpv6Exchange.Ask(_stateless, Frame(Message(Dhcpv6MessageType.Solicit, (1, ClientId), Ia(1))))!;
        Assert.Empty(Assert.Single(solicited.Addresses));
        Assert.Equal([0, 13, 0, 2, 0, 2], solicited[3]![12..]);
    }

    [Fact]
    public void Slaac_subnets_and_subnets_without_dhcp_have_no_server()
    {
        Assert.Null(Dhcpv6Lease.Build(GuestDocuments.PortWithIpv6(Mine), GuestDocuments.WithIpv6("slaac", "slaac")));
        Assert.Null(Dhcpv6Lease.Build(GuestDocuments.Port, GuestDocuments.Network));
        var off = GuestDocuments.Network with { Subnets = [GuestDocuments.Subnet6 with { Ipv6AddressMode = null, Ipv6RaMode = null, EnableDhcp = false }] };
        Assert.Null(Dhcpv6Lease.Build(GuestDocuments.PortWithIpv6(Mine), off));
    }

    [Fact]
    public void A_subnet_without_modes_is_stateful() =>
        Assert.Single(Dhcpv6Lease.Build(GuestDocuments.PortWithIpv6(Mine), GuestDocuments.WithIpv6(null, null))!.Addresses);

    [Fact]
    public void Extra_options_are_sent()
    {
        var port = GuestDocuments.PortWithIpv6(Mine) with { ExtraDhcpOptions = [new("bootfile-url", "http://a/b", 6), new("3", "bad", 6)] };
        var lease = Dhcpv6Lease.Build(port, GuestDocuments.WithIpv6("dhcpv6-stateful", "dhcpv6-stateful"))!;
        var answer = Dhcpv6Exchange.Ask(lease, Frame(Message(Dhcpv6MessageType.InformationRequest)))!;
        Assert.Equal("http://a/b"u8.ToArray(), answer[59]!);
        Assert.Null(answer[3]);
    }

    [Fact]
    public void Strangers_are_not_answered()
    {
        byte[] frame = Frame(Message(Dhcpv6MessageType.Solicit, (1, ClientId), Ia(1)));
        frame[11]++;
        Assert.Null(Dhcpv6Exchange.Ask(_stateful, frame));
        Assert.Null(Dhcpv6Exchange.Ask(_stateful, Frame(Message(Dhcpv6MessageType.Solicit, (1, ClientId), Ia(1)), "2001:db8::1")));
    }

    [Fact]
    public void No_bytes_of_a_guest_break_the_responder()
    {
        byte[] valid = Message(Dhcpv6MessageType.Rebind, (1, ClientId), (6, [0, 23, 0, 24]), Ia(1, Mine, "2001:db8::1"), Ia(2));
        var reply = new byte[1514];
        Gen.Select(Gen.Int[1, 12], Gen.Byte.Array[0, 12], Gen.Int[0, valid.Length], Gen.Int[0, valid.Length]).Sample((type, noise, at, cut) =>
        {
            byte[] message = [.. valid];
            message[0] = (byte)type;
            for (int i = 0; i < noise.Length && at + i < message.Length; i++)
                message[at + i] = noise[i];
            Assert.True(UdpFrame.TryParse(Frame(message.AsSpan(0, cut)), out var datagram));
            Assert.InRange(Dhcpv6Responder.Answer(_stateful, datagram, reply), 0, 14 + 1280);
        });
    }

    [Fact]
    public void A_flood_of_associations_stays_small()
    {
        (ushort, byte[])[] options = [(1, ClientId), .. Enumerable.Range(0, 60).Select(i => Ia((byte)i))];
        Assert.Equal(8, Ask(Dhcpv6MessageType.Solicit, options)!.Addresses.Count);
    }

    private Dhcpv6Answer? Ask(Dhcpv6MessageType type, params (ushort, byte[])[] options) =>
        Dhcpv6Exchange.Ask(_stateful, Frame(Message(type, options)));

    private static Dhcpv6Lease Lease(string mode) =>
        Dhcpv6Lease.Build(GuestDocuments.PortWithIpv6(Mine), GuestDocuments.WithIpv6(mode, mode))!;
}
