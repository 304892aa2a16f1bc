using System.Net;
using System.Net.Sockets;
using System.Text;
using Appliance.Agent.Network.Frames;

namespace Appliance.Agent.Tests.Network.Kernel;

/// <summary>Guests of one network on one node, with real packets.</summary>
public sealed class BridgedTrafficTests : IDisposable
{
    private readonly TestNode _node = new();
    private readonly TestCloud _cloud = new();
    private readonly string _network;

    public BridgedTrafficTests() => _network = _cloud.AddNetwork();

    public void Dispose() => _node.Dispose();

    [Fact]
    public async Task Guests_of_one_network_reach_each_other_when_their_groups_allow()
    {
        string group = _cloud.AddDefaultGroup("ingress IPv4 icmp", "ingress IPv6 icmp");
        var (a, b) = await PairAsync(group);
        Assert.True(a.Pings("10.5.0.2"));
        Assert.True(a.Pings("fd00::2"));
    }

    [Fact]
    public async Task Nothing_comes_in_that_no_rule_allows()
    {
        var (a, b) = await PairAsync(_cloud.AddDefaultGroup());
        b.Listen(80);
        Assert.False(a.Pings("10.5.0.2", seconds: 1));
        Assert.False(a.Pings("fd00::2", seconds: 1));
        Assert.False(await a.ConnectsAsync("10.5.0.2", 80, 1000));
    }

    [Fact]
    public async Task Nothing_goes_out_that_no_rule_allows()
    {
        string open = _cloud.AddDefaultGroup("ingress IPv4", "ingress IPv6");
        string mute = _cloud.AddGroup("ingress IPv4", "egress IPv4 udp");
        var b = _node.AddGuest(_cloud.AddPort(_network, "10.5.0.2/24", open));
        var a = _node.AddGuest(_cloud.AddPort(_network, "10.5.0.1/24", mute));
        await _node.ConvergeAsync(_cloud);
        Assert.False(a.Pings("10.5.0.2", seconds: 1));
        Assert.True(b.Pings("10.5.0.1"));
    }

    [Fact]
    public async Task A_rule_opens_a_tcp_port_and_its_removal_closes_it_for_established_connections_too()
    {
        string group = _cloud.AddDefaultGroup("ingress IPv4 tcp 80", "ingress IPv4 tcp 90");
        var (a, b) = await PairAsync(group);
        b.Listen(80);
        using var closed = await a.ConnectAsync("10.5.0.2", 80);
        using var closedEnd = await b.AcceptAsync();
        b.Listen(90);
        using var kept = await a.ConnectAsync("10.5.0.2", 90);
        using var keptEnd = await b.AcceptAsync();
        Assert.NotNull(closed);
        Assert.NotNull(kept);

        _cloud.SetRules(group, "egress IPv4", "ingress IPv4 tcp 90");
        await _node.ConvergeAsync(_cloud);
        Assert.False(await a.ConnectsAsync("10.5.0.2", 80, 1000));
        Assert.True(await PassesAsync(kept, keptEnd));
        Assert.False(await PassesAsync(closed, closedEnd, 1000));
    }

    [Fact]
    public async Task Port_ranges_and_icmp_types_are_respected()
    {
        string group = _cloud.AddDefaultGroup("ingress IPv4 tcp 80-82", "ingress IPv4 icmp 13-0");
        var (a, b) = await PairAsync(group);
        b.Listen(82);
        b.Listen(83);
        Assert.True(await a.ConnectsAsync("10.5.0.2", 82));
        Assert.False(await a.ConnectsAsync("10.5.0.2", 83, 1000));
        Assert.False(a.Pings("10.5.0.2", seconds: 1));
    }

    [Fact]
    public async Task A_remote_group_admits_its_members_and_follows_them()
    {
        string group = _cloud.AddDefaultGroup();
        _cloud.SetRules(group, "egress IPv4", $"ingress IPv4 group={group}");
        _cloud.Sets[group] = new(group, ["10.5.0.2"]);
        var (a, _) = await PairAsync(group);
        Assert.False(a.Pings("10.5.0.2", seconds: 1));

        _cloud.Sets[group] = new(group, ["10.5.0.1", "10.5.0.2", "fd00::1"]);
        await _node.ConvergeAsync(_cloud);
        Assert.True(a.Pings("10.5.0.2"));

        _cloud.Sets[group] = new(group, ["10.5.0.2", "10.5.0.64/26", "10.5.0.128/25"]);
        await _node.ConvergeAsync(_cloud);
        Assert.False(a.Pings("10.5.0.2", seconds: 1));

        _cloud.Sets[group] = new(group, ["10.5.0.0/26", "10.5.0.32/27"]);
        await _node.ConvergeAsync(_cloud);
        Assert.True(a.Pings("10.5.0.2"));
    }

    [Fact]
    public async Task A_stateless_group_lets_no_answer_in_by_itself()
    {
        string stateless = _cloud.AddDefaultGroup();
        _cloud.Groups[stateless] = _cloud.Groups[stateless] with { Stateful = false };
        string open = _cloud.AddDefaultGroup("ingress IPv4");
        var a = _node.AddGuest(_cloud.AddPort(_network, "10.5.0.1/24", stateless));
        _node.AddGuest(_cloud.AddPort(_network, "10.5.0.2/24", open));
        await _node.ConvergeAsync(_cloud);
        Assert.False(a.Pings("10.5.0.2", seconds: 1));

        _cloud.SetRules(stateless, "egress IPv4", "ingress IPv4 icmp 0-0");
        await _node.ConvergeAsync(_cloud);
        Assert.True(a.Pings("10.5.0.2"));
    }

    [Fact]
    public async Task Spoofed_addresses_are_dropped_and_allowed_pairs_pass()
    {
        var (a, b) = await PairAsync(_cloud.AddDefaultGroup("ingress IPv4", "ingress IPv6"));
        a.Exec("ip addr add 10.5.0.99/24 dev eth0");
        a.Exec("ip addr add fd00::99/64 dev eth0 nodad");
        Assert.False(a.Pings("10.5.0.2", 1, "-I 10.5.0.99"));
        Assert.False(a.Pings("fd00::2", 1, "-I fd00::99"));
        Assert.DoesNotContain("10.5.0.99", b.Exec("ip neigh"));

        _cloud.Ports[a.Port.Id] = _cloud.Ports[a.Port.Id] with
        {
            AllowedAddressPairs = [new("10.5.0.96/28", a.Port.Mac), new("fd00::/64", a.Port.Mac)],
        };
        await _node.ConvergeAsync(_cloud);
        Assert.True(a.Pings("10.5.0.2", 5, "-I 10.5.0.99"));
        Assert.True(a.Pings("fd00::2", 5, "-I fd00::99"));
    }

    [Fact]
    public async Task A_spoofed_mac_is_dropped_and_allowed_without_port_security()
    {
        var (a, _) = await PairAsync(_cloud.AddDefaultGroup("ingress IPv4"));
        a.Exec("ip link set eth0 address fa:16:3e:99:99:99");
        Assert.False(a.Pings("10.5.0.2", seconds: 1));

        _cloud.Ports[a.Port.Id] = _cloud.Ports[a.Port.Id] with { PortSecurityEnabled = false };
        await _node.ConvergeAsync(_cloud);
        Assert.True(a.Pings("10.5.0.2"));
    }

    [Fact]
    public async Task A_guest_cannot_claim_anothers_address_by_arp()
    {
        var (a, b) = await PairAsync(_cloud.AddDefaultGroup());
        Assert.True(a.SendsFrame(Arp(a.Port.Mac, "10.5.0.1"), b));
        Assert.False(a.SendsFrame(Arp(a.Port.Mac, "10.5.0.2"), b));
    }

    [Fact]
    public async Task A_guest_cannot_serve_dhcp_or_advertise_itself_as_router()
    {
        var (a, b) = await PairAsync(_cloud.AddDefaultGroup("ingress IPv4", "ingress IPv6"));
        Assert.False(a.SendsFrame(Ipv6(a.Port.Mac, "fd00::1", 58, [134, 0, .. new byte[30]]), b));
        Assert.False(a.SendsFrame(Ipv6(a.Port.Mac, "fd00::1", 58, [136, 0, 0, 0, 0, 0, 0, 0, .. IPAddress.Parse("fd00::2").GetAddressBytes(), .. new byte[8]]), b));
        Assert.True(a.SendsFrame(Ipv6(a.Port.Mac, "fd00::1", 58, [136, 0, 0, 0, 0, 0, 0, 0, .. IPAddress.Parse("fd00::1").GetAddressBytes(), .. new byte[8]]), b));
        Assert.False(a.SendsFrame(Ipv6(a.Port.Mac, "fd00::1", 17, [547 >> 8, 547 & 255, 546 >> 8, 546 & 255, 0, 40, 0, 0, .. new byte[32]]), b));
    }

    [Fact]
    public async Task A_vlan_tag_does_not_carry_packets_past_the_rules()
    {
        var (a, b) = await PairAsync(_cloud.AddDefaultGroup());
        var plain = Arp(a.Port.Mac, "10.5.0.1");
        byte[] tagged = [.. plain[..12], 0x81, 0, 0, 5, .. plain[12..]];
        Assert.False(a.SendsFrame(tagged, b));
        _cloud.Ports[a.Port.Id] = _cloud.Ports[a.Port.Id] with { PortSecurityEnabled = false };
        await _node.ConvergeAsync(_cloud);
        Assert.False(a.SendsFrame(tagged, b));
        _cloud.Ports[b.Port.Id] = _cloud.Ports[b.Port.Id] with { PortSecurityEnabled = false };
        await _node.ConvergeAsync(_cloud);
        Assert.True(a.SendsFrame(tagged, b));
    }

    [Fact]
    public async Task Guests_reach_the_metadata_address_whatever_their_groups_say()
    {
        var (a, _) = await PairAsync(group: null);
        using var netns = Appliance.Linux.Namespaces.NetworkNamespace.Find(_node.MetadataNamespace(_network))!;
        using var listener = netns.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
            socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.IPv6Any, 80));
            socket.Listen();
            return socket;
        });
        a.Exec("ip route add 169.254.169.254 dev eth0");
        Assert.True(await a.ConnectsAsync("169.254.169.254", 80));
        int index = int.Parse(a.Exec("cat /sys/class/net/eth0/ifindex"));
        Assert.True(await a.ConnectsAsync($"fe80::a9fe:a9fe%{index}", 80));

        // By way of a router, as a guest does that has only a default route.
        a.Exec("ip route del 169.254.169.254 dev eth0");
        a.Exec("ip neigh add 10.5.0.254 lladdr fa:16:3e:00:00:fe dev eth0");
        a.SetGateway("10.5.0.254");
        Assert.True(await a.ConnectsAsync("169.254.169.254", 80));
    }

    [Fact]
    public async Task Tenants_do_not_reach_the_node_itself()
    {
        var (a, _) = await PairAsync(_cloud.AddDefaultGroup("ingress IPv4"));
        _node.Namespace.Exec("ip addr add 198.51.100.1/32 dev lo");
        a.Exec("ip route add 198.51.100.1 dev eth0");
        Assert.False(a.Pings("198.51.100.1", seconds: 1));
    }

    [Fact]
    public async Task A_port_that_is_down_has_no_traffic()
    {
        var (a, b) = await PairAsync(_cloud.AddDefaultGroup("ingress IPv4"));
        _cloud.Ports[b.Port.Id] = _cloud.Ports[b.Port.Id] with { AdminStateUp = false };
        await _node.ConvergeAsync(_cloud);
        Assert.False(a.Pings("10.5.0.2", seconds: 1));
        _cloud.Ports[b.Port.Id] = _cloud.Ports[b.Port.Id] with { AdminStateUp = true };
        await _node.ConvergeAsync(_cloud);
        Assert.True(a.Pings("10.5.0.2"));
    }

    private async Task<(TestGuest A, TestGuest B)> PairAsync(string? group)
    {
        var a = _node.AddGuest(_cloud.AddPort(_network, "10.5.0.1/24,fd00::1/64", group));
        var b = _node.AddGuest(_cloud.AddPort(_network, "10.5.0.2/24,fd00::2/64", group));
        await _node.ConvergeAsync(_cloud);
        return (a, b);
    }

    private static byte[] Arp(string mac, string sender)
    {
        var from = Convert.FromHexString(mac.Replace(":", ""));
        return
        [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, .. from, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
            .. from, .. IPAddress.Parse(sender).GetAddressBytes(), .. new byte[6], 10, 5, 0, 200,
        ];
    }

    // With a right checksum: connection tracking calls a packet with a wrong one invalid, whatever it says.
    private static byte[] Ipv6(string mac, string source, byte protocol, byte[] message)
    {
        byte[] addresses = [.. IPAddress.Parse(source).GetAddressBytes(), .. IPAddress.Parse("ff02::1").GetAddressBytes()];
        byte[] covered = [.. addresses, 0, 0, 0, (byte)message.Length, 0, 0, 0, protocol, .. message];
        var checksum = new InternetChecksum();
        checksum.Add(covered);
        var offset = protocol == 58 ? 2 : 6;
        (message[offset], message[offset + 1]) = ((byte)(checksum.Value >> 8), (byte)checksum.Value);
        return
        [
            0x33, 0x33, 0, 0, 0, 1, .. Convert.FromHexString(mac.Replace(":", "")), 0x86, 0xdd,
            0x60, 0, 0, 0, 0, (byte)message.Length, protocol, 255, .. addresses, .. message,
        ];
    }

    private static async Task<bool> PassesAsync(Socket from, Socket to, int milliseconds = 4000)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(milliseconds);
        try
        {
            await from.SendAsync(Encoding.ASCII.GetBytes("x"), timeout.Token);
            return await to.ReceiveAsync(new byte[1], timeout.Token) == 1;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
