using System.Net;
using System.Net.Sockets;
using Appliance.Agent.Network.Dhcp;
using Appliance.Agent.Network.Guest;
using Appliance.Agent.Tests.Network.Dhcp;
using Appliance.Linux.Namespaces;

namespace Appliance.Agent.Tests.Network.Guest;

public sealed class GuestServicesTests
{
    [Fact]
    public async Task Udhcpc_gets_its_lease_and_the_route_list()
    {
        Assert.SkipUnless(Command.Exists("busybox"), "busybox is not installed.");
        await using var node = await TestNode.StartAsync();
        using var services = node.StartServices(GuestDocuments.Port, GuestDocuments.Network);

        string lease = await UdhcpcAsync(node);
        Assert.Contains("ip=10.5.0.7\n", lease);
        Assert.Contains("mask=24\n", lease);
        Assert.Contains("router=10.5.0.1\n", lease);
        Assert.Contains("dns=9.9.9.9 1.1.1.1\n", lease);
        Assert.Contains("domain=cloud.example\n", lease);
        Assert.Contains("mtu=1450\n", lease);
        Assert.Contains("lease=86400\n", lease);
        Assert.Contains("serverid=169.254.169.254\n", lease);
        Assert.Contains("staticroutes=169.254.169.254/32 0.0.0.0 0.0.0.0/0 10.5.0.1", lease);
    }

    [Fact]
    public async Task Udhcpc_renews_at_the_server_that_gave_the_lease()
    {
        Assert.SkipUnless(Command.Exists("busybox"), "busybox is not installed.");
        await using var node = await TestNode.StartAsync();
        using var services = node.StartServices(GuestDocuments.Port, GuestDocuments.Network);

        // A renewal is sent from the leased address by an ordinary socket, so the script has to configure it.
        string seen = await node.InGuestWithOwnEtcAsync("""
            printf "#!/bin/sh\n[ -z \"\$ip\" ] || { ip addr replace \$ip/24 dev eth0; ip route replace 169.254.169.254 dev eth0; }\n" > /etc/script
            printf "echo \$1 >> /etc/events\n" >> /etc/script
            chmod +x /etc/script
            ip neigh add 169.254.169.254 lladdr 02:a9:fe:a9:fe:00 dev eth0
            busybox udhcpc -i eth0 -n -f -s /etc/script >&2 &
            for i in $(seq 100); do grep -q bound /etc/events && break; sleep 0.1; done
            kill -USR1 $!
            for i in $(seq 100); do grep -q renew /etc/events && break; sleep 0.1; done
            kill $!
            cat /etc/events
            """);
        Assert.Contains("bound\nrenew\n", seen);
    }

    [Fact]
    public async Task Dhclient_configures_address_and_routes()
    {
        Assert.SkipUnless(Command.Exists("dhclient"), "isc-dhcp-client is not installed.");
        await using var node = await TestNode.StartAsync();
        using var services = node.StartServices(GuestDocuments.Port, GuestDocuments.Network);

        string seen = await node.InGuestWithOwnEtcAsync("""
            dhclient -4 -1 -q -lf /etc/leases -pf /etc/pid eth0 >&2
            ip -4 -o addr show dev eth0; ip -4 route; cat /etc/resolv.conf
            dhclient -4 -x -q -lf /etc/leases -pf /etc/pid eth0 >&2
            """);
        Assert.Contains("10.5.0.7/24 brd 10.5.0.255", seen);
        Assert.Contains("default via 10.5.0.1", seen);
        Assert.Contains("169.254.169.254 dev eth0 scope link", seen);
        Assert.Contains("nameserver 9.9.9.9", seen);
    }

    [Theory]
    [InlineData("slaac", "2001:db8:5:0:f816:3eff:fe12:3456/64")]
    [InlineData("dhcpv6-stateless", "2001:db8:5:0:f816:3eff:fe12:3456/64")]
    [InlineData("dhcpv6-stateful", "2001:db8:5::7/128")]
    public async Task Systemd_networkd_configures_both_families(string mode, string address)
    {
        const string Networkd = "/lib/systemd/systemd-networkd";
        Assert.SkipUnless(File.Exists(Networkd), "systemd is not installed.");
        await using var node = await TestNode.StartAsync();
        var network = GuestDocuments.WithIpv6(mode, mode);
        var port = GuestDocuments.PortWithIpv6("2001:db8:5::7");
        using var services = node.StartServices(
            port with { FixedIps = [.. port.FixedIps, .. GuestDocuments.Port.FixedIps] },
            network with { Subnets = [.. network.Subnets, GuestDocuments.Subnet4] });

        // Run as in a container: with a /run of its own, and a /sys that it cannot write, so that it waits for no udev.
        string seen = await node.InGuestWithOwnEtcAsync($$"""
            mount -t tmpfs tmpfs /run
            mount --bind /sys /sys && mount -o remount,ro,bind /sys
            mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases
            chown -R systemd-network:systemd-network /run/systemd/netif
            printf "[Match]\nName=eth0\n[Network]\nDHCP=yes\n" > /run/systemd/network/10.network
            SYSTEMD_LOG_LEVEL=err {{Networkd}} >&2 &
            for i in $(seq 150); do
                ip addr show dev eth0 | grep -q {{address}} && ip -6 route | grep -q default && ip route | grep -q ^169.254 && break
                sleep 0.1
            done
            ip -o addr show dev eth0; ip route; ip -6 route; cat /run/systemd/netif/links/*
            kill $!
            """);
        Assert.Contains("10.5.0.7/24", seen);
        Assert.Contains("default via 10.5.0.1 dev eth0 proto dhcp", seen);
        Assert.Contains("169.254.169.254 dev eth0 proto dhcp scope link", seen);
        Assert.Contains(address, seen);
        Assert.Contains("default via fe80::f816:3eff:fe00:1 dev eth0 proto ra", seen);
        Assert.Matches("DNS=.*9.9.9.9", seen);
    }

    [Fact]
    public async Task The_kernels_autoconfiguration_finds_prefix_and_router()
    {
        await using var node = await TestNode.StartAsync();
        using var services = node.StartServices(GuestDocuments.PortWithIpv6("2001:db8:5::7"), GuestDocuments.WithIpv6("slaac", "slaac"));

        await Command.EventuallyAsync("a global address and a default route", async () =>
            (await node.InGuestAsync("ip -6 addr show dev eth0 scope global; ip -6 route")) is var seen
            && seen.Contains("2001:db8:5:0:f816:3eff:fe12:3456/64") && seen.Contains("default via fe80::f816:3eff:fe00:1 dev eth0"));
        Assert.Contains("1450", await node.InGuestAsync("cat /proc/sys/net/ipv6/conf/eth0/mtu"));
    }

    [Fact]
    public async Task A_solicitation_is_answered_at_once()
    {
        Assert.SkipUnless(Command.Exists("rdisc6"), "ndisc6 is not installed.");
        await using var node = await TestNode.StartAsync();
        using var services = node.StartServices(
            GuestDocuments.PortWithIpv6("2001:db8:5::7"), GuestDocuments.WithIpv6("dhcpv6-stateful", "dhcpv6-stateful"));
        await Command.EventuallyAsync("a link-local address", async () =>
            !(await node.InGuestAsync("ip -6 addr show dev eth0")).Contains("tentative"));

        string seen = await node.InGuestAsync("rdisc6 -1 -w 5000 eth0");
        Assert.Matches(@"Stateful address conf\.\s*:\s*Yes", seen);
        Assert.Matches(@"Prefix\s*: 2001:db8:5::/64", seen);
        Assert.Matches(@"Autonomous address conf\.:\s*No", seen);
        Assert.Contains("from fe80::f816:3eff:fe00:1", seen);
    }

    [Fact]
    public async Task Dhclient_gets_name_servers_where_addresses_are_made_by_the_guest()
    {
        Assert.SkipUnless(Command.Exists("dhclient"), "isc-dhcp-client is not installed.");
        await using var node = await TestNode.StartAsync();
        using var services = node.StartServices(
            GuestDocuments.PortWithIpv6("2001:db8:5::7"), GuestDocuments.WithIpv6("dhcpv6-stateless", "dhcpv6-stateless"));
        await Command.EventuallyAsync("a link-local address", async () =>
            !(await node.InGuestAsync("ip -6 addr show dev eth0")).Contains("tentative"));

        string seen = await node.InGuestWithOwnEtcAsync("dhclient -6 -S -1 -q -lf /etc/leases -pf /etc/pid eth0 >&2; cat /etc/resolv.conf");
        Assert.Contains("nameserver 2620:fe::fe", seen);
        Assert.Contains("cloud.example", seen);
    }

    [Fact]
    public async Task Dhclient_gets_its_ipv6_address()
    {
        Assert.SkipUnless(Command.Exists("dhclient"), "isc-dhcp-client is not installed.");
        await using var node = await TestNode.StartAsync();
        using var services = node.StartServices(
            GuestDocuments.PortWithIpv6("2001:db8:5::7"), GuestDocuments.WithIpv6("dhcpv6-stateful", "dhcpv6-stateful"));
        await Command.EventuallyAsync("a link-local address", async () =>
            !(await node.InGuestAsync("ip -6 addr show dev eth0")).Contains("tentative"));

        string seen = await node.InGuestWithOwnEtcAsync("""
            dhclient -6 -1 -q -lf /etc/leases -pf /etc/pid eth0 >&2
            ip -6 -o addr show dev eth0; cat /etc/resolv.conf
            dhclient -6 -x -q -lf /etc/leases -pf /etc/pid eth0 >&2
            """);
        Assert.Contains("2001:db8:5::7/128", seen);
        Assert.Contains("nameserver 2620:fe::fe", seen);
    }

    [Fact]
    public async Task A_tap_that_comes_back_is_served_again()
    {
        await using var node = await TestNode.StartAsync();
        using var services = node.StartServices(GuestDocuments.Port, GuestDocuments.Network);
        await UdhcpcAsync(node);

        await node.UnplugAsync();
        await node.PlugAsync();
        Assert.Contains("ip=10.5.0.7\n", await UdhcpcAsync(node));

        await node.OnNodeAsync($"ip link set {TestNode.Tap} down; ip link set {TestNode.Tap} up");
        Assert.Contains("ip=10.5.0.7\n", await UdhcpcAsync(node));
    }

    [Fact]
    public async Task Changed_documents_change_the_answer_and_removed_ports_fall_silent()
    {
        await using var node = await TestNode.StartAsync();
        using var services = node.StartServices(GuestDocuments.Port, GuestDocuments.Network);
        await UdhcpcAsync(node);

        var moved = GuestDocuments.Port with { FixedIps = [new(GuestDocuments.Subnet4.Id, "10.5.0.8")] };
        services.Update([new PortService(moved, GuestDocuments.Network, TestNode.Tap)]);
        await Command.EventuallyAsync("the new address", async () => (await UdhcpcAsync(node)).Contains("ip=10.5.0.8\n"));

        services.Update([]);
        await Command.EventuallyAsync("silence", async () => await TryUdhcpcAsync(node) is (not 0, _));
    }

    [Fact]
    public async Task A_flood_from_one_guest_leaves_the_services_alive()
    {
        await using var node = await TestNode.StartAsync();
        using var services = node.StartServices(GuestDocuments.Port, GuestDocuments.Network);

        await node.InGuestAsync("""
            ip addr add 10.5.0.7/24 dev eth0
            ip neigh add 10.5.0.1 lladdr fa:16:3e:00:00:01 dev eth0
            """);
        using (var guest = NetworkNamespace.Find(node.GuestName)!)
        {
            guest.Run(() =>
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                socket.Connect(IPAddress.Parse("10.5.0.1"), 67);
                byte[] discover = DhcpExchange.Message(DhcpMessageType.Discover);
                for (int i = 0; i < 20_000; i++)
                {
                    // Every other one is noise behind a sound start.
                    Random.Shared.NextBytes(discover.AsSpan(i % 2 == 0 ? discover.Length : 240));
                    socket.Send(discover);
                }
            });
        }

        await node.InGuestAsync("ip addr flush dev eth0");
        await Command.EventuallyAsync("a lease", async () => await TryUdhcpcAsync(node) is (0, _));
    }

    private static async Task<string> UdhcpcAsync(TestNode node)
    {
        var (exitCode, output) = await TryUdhcpcAsync(node);
        Assert.True(exitCode == 0, output);
        return output;
    }

    /// <summary>Runs the client once; its script prints what it was given.</summary>
    private static Task<(int ExitCode, string Output)> TryUdhcpcAsync(TestNode node) => Command.TryRunAsync(
        "ip", "netns", "exec", node.GuestName, "sh", "-c", """
            printf '#!/bin/sh\n[ "$1" = bound ] && env\nexit 0\n' > "$0" && chmod +x "$0"
            busybox udhcpc -i eth0 -n -q -f -t 5 -T 1 -O staticroutes -O mtu -s "$0"
            status=$?; rm "$0"; exit $status
            """, Path.Combine(Path.GetTempPath(), $"udhcpc-{node.GuestName}"));
}
