using Appliance.Agent.Addresses;
using Appliance.Agent.Network.Dhcp;
using Appliance.Agent.Network.Frames;
using CsCheck;

namespace Appliance.Agent.Tests.Network.Dhcp;

public sealed class DhcpResponderTests
{
    private static readonly byte[] ServerId = DhcpExchange.Ip("169.254.169.254");

    private readonly DhcpLease _lease = DhcpLeaseBuilder.Build(GuestDocuments.Port, GuestDocuments.Network)!;

    [Fact]
    public void A_discover_is_offered_the_ports_address_with_everything_it_needs()
    {
        var offer = DhcpExchange.Ask(_lease, DhcpExchange.Message(DhcpMessageType.Discover))!;

        Assert.Equal(DhcpMessageType.Offer, offer.Type);
        Assert.Equal("10.5.0.7", offer.YourAddress);
        Assert.Equal(("10.5.0.7", DhcpExchange.ClientMac), (offer.ToAddress, offer.ToMac));
        Assert.Equal("169.254.169.254", offer.FromAddress);
        Assert.Equal(ServerId, offer.Options[54]);
        Assert.Equal([255, 255, 255, 0], offer.Options[1]);
        Assert.Equal([10, 5, 0, 255], offer.Options[28]);
        Assert.Equal([10, 5, 0, 1], offer.Options[3]);
        Assert.Equal([9, 9, 9, 9, 1, 1, 1, 1], offer.Options[6]);
        Assert.Equal("web"u8.ToArray(), offer.Options[12]);
        Assert.Equal("cloud.example"u8.ToArray(), offer.Options[15]);
        Assert.Equal([1450 >> 8, 1450 & 255], offer.Options[26]);
        Assert.Equal([0, 1, 0x51, 0x80], offer.Options[51]);
    }

    [Theory]
    [InlineData("10.5.0.7", null, DhcpMessageType.Ack)]
    [InlineData("10.5.0.8", null, DhcpMessageType.Nak)]
    [InlineData(null, "10.5.0.7", DhcpMessageType.Ack)]
    [InlineData(null, "192.168.1.4", DhcpMessageType.Nak)]
    [InlineData(null, null, DhcpMessageType.Nak)]
    internal void A_request_is_granted_for_the_ports_own_address_only(string? requested, string? client, DhcpMessageType expected)
    {
        (byte, byte[])[] options = requested is null ? [] : [(50, DhcpExchange.Ip(requested))];
        var answer = DhcpExchange.Ask(_lease, DhcpExchange.Message(DhcpMessageType.Request, client, 0, options))!;
        Assert.Equal(expected, answer.Type);
    }

    [Fact]
    public void A_refusal_is_broadcast_and_grants_nothing()
    {
        var nak = DhcpExchange.Ask(_lease, DhcpExchange.Message(DhcpMessageType.Request, null, 0, (50, [10, 5, 0, 8])))!;
        Assert.Equal(("255.255.255.255", MacAddress.Broadcast, "0.0.0.0"), (nak.ToAddress, nak.ToMac, nak.YourAddress));
        Assert.Equal((byte[])[53, 54, 56], nak.Options.Keys.Order().ToArray());
    }

    [Fact]
    public void A_client_that_takes_another_servers_offer_is_left_alone()
    {
        Assert.Null(DhcpExchange.Ask(_lease, DhcpExchange.Message(DhcpMessageType.Request, null, 0, (54, [10, 5, 0, 2]), (50, [10, 5, 0, 7]))));
        var mine = DhcpExchange.Ask(_lease, DhcpExchange.Message(DhcpMessageType.Request, null, 0, (54, ServerId), (50, [10, 5, 0, 7])));
        Assert.Equal(DhcpMessageType.Ack, mine!.Type);
    }

    [Fact]
    public void A_client_that_cannot_take_unicast_yet_gets_broadcast()
    {
        var offer = DhcpExchange.Ask(_lease, DhcpExchange.Message(DhcpMessageType.Discover, flags: 0x8000))!;
        Assert.Equal(("255.255.255.255", MacAddress.Broadcast), (offer.ToAddress, offer.ToMac));
    }

    [Fact]
    public void A_renewal_is_answered_at_the_clients_address()
    {
        var ack = DhcpExchange.Ask(_lease, DhcpExchange.Message(DhcpMessageType.Request, "10.5.0.7", flags: 0x8000))!;
        Assert.Equal(("10.5.0.7", "10.5.0.7", "10.5.0.7"), (ack.ToAddress, ack.ClientAddress, ack.YourAddress));
    }

    [Fact]
    public void An_inform_gets_options_but_no_lease()
    {
        var ack = DhcpExchange.Ask(_lease, DhcpExchange.Message(DhcpMessageType.Inform, "10.5.0.7"))!;
        Assert.Equal((DhcpMessageType.Ack, "0.0.0.0", "10.5.0.7"), (ack.Type, ack.YourAddress, ack.ToAddress));
        Assert.DoesNotContain((byte)51, ack.Options.Keys);
        Assert.Contains((byte)6, ack.Options.Keys);
    }

    [Theory]
    [InlineData(DhcpMessageType.Decline)]
    [InlineData(DhcpMessageType.Release)]
    [InlineData(DhcpMessageType.Offer)]
    [InlineData(DhcpMessageType.None)]
    [InlineData((DhcpMessageType)200)]
    internal void Other_messages_are_not_answered(DhcpMessageType type) => Assert.Null(DhcpExchange.Ask(_lease, DhcpExchange.Message(type)));

    [Fact]
    public void Another_mac_than_the_ports_is_not_answered()
    {
        byte[] message = DhcpExchange.Message(DhcpMessageType.Discover);
        message[33]++;
        Assert.Null(DhcpExchange.Ask(_lease, message));
    }

    [Fact]
    public void A_relayed_request_is_not_answered()
    {
        byte[] message = DhcpExchange.Message(DhcpMessageType.Discover);
        message[24] = 10;
        Assert.Null(DhcpExchange.Ask(_lease, message));
    }

    [Fact]
    public void Only_asked_options_are_sent_besides_mtu_and_routes()
    {
        var offer = DhcpExchange.Ask(_lease, DhcpExchange.Message(DhcpMessageType.Discover, null, 0, (55, [3, 3, 42, 249])))!;
        Assert.Equal((byte[])[1, 3, 26, 28, 51, 53, 54, 58, 59, 121, 249], offer.Options.Keys.Order().ToArray());
    }

    [Fact]
    public void The_client_identifier_comes_back()
    {
        var offer = DhcpExchange.Ask(_lease, DhcpExchange.Message(DhcpMessageType.Discover, null, 0, (61, [1, 2, 3])))!;
        Assert.Equal([1, 2, 3], offer.Options[61]);
    }

    [Fact]
    public void A_boot_file_goes_where_the_client_looks_for_it()
    {
        var port = GuestDocuments.Port with
        {
            ExtraDhcpOptions = [new("bootfile-name", "pxelinux.0", 4), new("server-ip-address", "10.5.0.9", 4), new("66", "10.5.0.9", 4)],
        };
        var lease = DhcpLeaseBuilder.Build(port, GuestDocuments.Network)!;

        var asked = DhcpExchange.Ask(lease, DhcpExchange.Message(DhcpMessageType.Discover, null, 0, (55, [67, 66])))!;
        Assert.Equal(("", "10.5.0.9"), (asked.BootFile, asked.NextServer));
        Assert.Equal("pxelinux.0"u8.ToArray(), asked.Options[67]);

        var unasked = DhcpExchange.Ask(lease, DhcpExchange.Message(DhcpMessageType.Discover, null, 0, (55, [1])))!;
        Assert.Equal("pxelinux.0", unasked.BootFile);
        Assert.DoesNotContain((byte)67, unasked.Options.Keys);
    }

    [Fact]
    public void Answers_fit_the_clients_size_and_long_options_come_in_parts()
    {
        var many = GuestDocuments.Subnet4 with
        {
            HostRoutes = [.. Enumerable.Range(0, 60).Select(i => new Protocol.Documents.RouteDocument($"10.{i}.0.0/16", "10.5.0.2"))],
        };
        var lease = DhcpLeaseBuilder.Build(GuestDocuments.Port, GuestDocuments.Network with { Subnets = [many] })!;

        var small = DhcpExchange.Ask(lease, DhcpExchange.Message(DhcpMessageType.Discover))!;
        Assert.InRange(small.Length, 300, 548);
        Assert.DoesNotContain((byte)121, small.Options.Keys);

        var large = DhcpExchange.Ask(lease, DhcpExchange.Message(DhcpMessageType.Discover, null, 0, (57, [5, 220])))!;
        Assert.InRange(large.Length, 549, 1422);
        Assert.Equal(60 * 7 + 9 + 5, large.Options[121].Length);
    }

    [Fact]
    public void No_bytes_of_a_guest_break_the_responder()
    {
        byte[] valid = DhcpExchange.Message(
            DhcpMessageType.Discover, null, 0, (55, [1, 3, 6, 121]), (57, [2, 64]), (61, [1, 2, 3]), (50, [10, 5, 0, 7]));
        var reply = new byte[1514];
        Gen.Select(Gen.Byte.Array[0, 40], Gen.Int[DhcpRequest.HeaderLength - 4, valid.Length], Gen.Int[0, valid.Length]).Sample((noise, at, cut) =>
        {
            byte[] message = [.. valid];
            for (int i = 0; i < noise.Length && at + i < message.Length; i++)
                message[at + i] = noise[i];
            Assert.True(UdpFrame.TryParse(DhcpExchange.Frame(message.AsSpan(0, cut)), out var datagram));
            int length = DhcpResponder.Answer(_lease, datagram, reply);
            Assert.InRange(length, 0, 14 + GuestDocuments.Network.Mtu);
        });
    }

    [Fact]
    public void Answering_allocates_nothing()
    {
        byte[] frame = DhcpExchange.Frame(DhcpExchange.Message(DhcpMessageType.Discover, null, 0, (55, [1, 3, 6, 12, 15, 26, 121])));
        var reply = new byte[1514];
        Exchange();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Exchange();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Exchange()
        {
            bool parsed = UdpFrame.TryParse(frame, out var datagram);
            if (!parsed || DhcpResponder.Answer(_lease, datagram, reply) == 0)
                throw new InvalidOperationException("No answer.");
        }
    }
}
