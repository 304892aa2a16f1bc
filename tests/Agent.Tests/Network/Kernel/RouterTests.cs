using Appliance.Agent.Network.Plan;
using Appliance.Agent.Tests.Linux;
using Appliance.Linux.Namespaces;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Network.Kernel;

/// <summary>Routers, address translation and provider networks on one node, with real packets.</summary>
public sealed class RouterTests : IDisposable
{
    private const string FloatingIp = "172.24.4.10";

    private readonly TestNode _node;
    private readonly TestNamespace _outside = new();
    private readonly TestCloud _cloud = new();
    private readonly string _inside;
    private readonly string _other;
    private readonly string _public;
    private readonly string _router = TestCloud.NewId();
    private readonly string _group;

    public RouterTests()
    {
        _node = new(new() { Providers = [Mapping("public=apub0,172.24.4.1/24,masquerade")] });
        _inside = _cloud.AddNetwork(vni: 1);
        _other = _cloud.AddNetwork(vni: 2);
        _public = _cloud.AddNetwork(provider: "public", mtu: 1500);
        _group = _cloud.AddDefaultGroup("ingress IPv4", "ingress IPv6");
        _cloud.Routers[_router] = new(_router, "project", true,
            new(TestCloud.NewId(), _public, "fa:16:3e:00:04:02", ["172.24.4.2/24", "2001:db8:4::2/64"], ["172.24.4.1", "2001:db8:4::1"], true),
            [
                new(TestCloud.NewId(), _inside, "fa:16:3e:00:05:fe", ["10.5.0.254/24", "fd05::fe/64"]),
                new(TestCloud.NewId(), _other, "fa:16:3e:00:06:fe", ["10.6.0.254/24", "fd06::fe/64"]),
            ], [], []);
    }

    public void Dispose()
    {
        _node.Dispose();
        _outside.Dispose();
    }

    [Fact]
    public async Task Guests_of_two_networks_reach_each_other_over_their_router()
    {
        var (a, b) = await GuestsAsync();
        Assert.True(a.Pings("10.5.0.254"));
        Assert.True(a.Pings("10.6.0.2"));
        Assert.True(b.Pings("fd05::1"));
    }

    [Fact]
    public async Task Groups_judge_routed_traffic_too()
    {
        var (a, b) = await GuestsAsync();
        _cloud.SetRules(_group, "egress IPv4", "ingress IPv4 tcp 80 from=10.5.0.0/24");
        await _node.ConvergeAsync(_cloud);
        b.Listen(80);
        b.Listen(81);
        Assert.True(await a.ConnectsAsync("10.6.0.2", 80));
        Assert.False(await a.ConnectsAsync("10.6.0.2", 81, 1000));
        Assert.False(a.Pings("10.6.0.2", seconds: 1));
    }

    [Fact]
    public async Task Guests_reach_the_outside_under_the_routers_address_and_the_nodes()
    {
        var (a, _) = await GuestsAsync();
        Assert.True(a.Pings("172.24.4.1"));
        Command.Run($"ip -n {_node.Namespace.Name} link add wan type veth peer name eth0 netns {_outside.Name}");
        _node.Namespace.Exec("ip addr add 198.51.100.1/24 dev wan");
        _node.Namespace.Exec("ip link set wan up");
        _outside.Exec("ip addr add 198.51.100.2/24 dev eth0");
        _outside.Exec("ip link set eth0 up");
        Assert.True(a.Pings("198.51.100.2"));
    }

    [Fact]
    public async Task Without_source_translation_nothing_is_translated()
    {
        _cloud.Routers[_router] = _cloud.Routers[_router] with { Gateway = _cloud.Routers[_router].Gateway! with { EnableSnat = false } };
        var (a, _) = await GuestsAsync();
        Assert.False(a.Pings("172.24.4.1", seconds: 1));
        _node.Namespace.Exec("ip route add 10.5.0.0/24 via 172.24.4.2");
        Assert.True(a.Pings("172.24.4.1"));
    }

    [Fact]
    public async Task A_floating_address_leads_to_its_guest_and_back()
    {
        var (a, b) = await GuestsAsync();
        a.Listen(80);
        Assert.False(Reaches(FloatingIp, seconds: 1));
        Float("10.5.0.1");
        await _node.ConvergeAsync(_cloud);
        Assert.True(Reaches(FloatingIp));

        // From another guest of the same router, and from the guest itself under its floating address.
        Assert.True(await b.ConnectsAsync(FloatingIp, 80));
        Assert.True(await a.ConnectsAsync(FloatingIp, 80));
        Assert.True(a.Pings("172.24.4.1"));
        Assert.Contains(FloatingIp, Connections());
    }

    [Fact]
    public async Task A_moved_floating_address_takes_running_connections_away()
    {
        var (a, _) = await GuestsAsync();
        Float("10.5.0.1");
        await _node.ConvergeAsync(_cloud);
        Assert.True(Reaches(FloatingIp));
        Assert.True(a.Pings("172.24.4.1"));

        Float("10.6.0.2");
        await _node.ConvergeAsync(_cloud);
        Assert.DoesNotContain(FloatingIp, Connections());
        Assert.True(Reaches(FloatingIp));

        _cloud.Routers[_router] = _cloud.Routers[_router] with { FloatingIps = [] };
        await _node.ConvergeAsync(_cloud);
        Assert.False(Reaches(FloatingIp, seconds: 1));
    }

    [Fact]
    public async Task An_extra_route_is_followed()
    {
        var (a, b) = await GuestsAsync();
        b.Exec("ip addr add 10.99.0.1/32 dev lo");
        _cloud.Ports[b.Port.Id] = _cloud.Ports[b.Port.Id] with { AllowedAddressPairs = [new("10.99.0.0/24", b.Port.Mac)] };
        _cloud.Routers[_router] = _cloud.Routers[_router] with { Routes = [new("10.99.0.0/24", "10.6.0.2")] };
        await _node.ConvergeAsync(_cloud);
        Assert.True(a.Pings("10.99.0.1"));
        _cloud.Routers[_router] = _cloud.Routers[_router] with { Routes = [] };
        await _node.ConvergeAsync(_cloud);
        Assert.False(a.Pings("10.99.0.1", seconds: 1));
    }

    [Fact]
    public async Task A_router_that_is_down_is_gone()
    {
        await GuestsAsync();
        _cloud.Routers[_router] = _cloud.Routers[_router] with { AdminStateUp = false };
        var statuses = await _node.TryConvergeAsync(_cloud.Desired());
        Assert.Equal("down", statuses.Single(status => status.Id == _router).State);
        Assert.DoesNotContain(_node.RouterNamespace(_router), NetworkNamespace.List());
    }

    [Fact]
    public async Task A_guest_on_the_provider_network_is_filtered_from_the_node_too()
    {
        var guest = _node.AddGuest(_cloud.AddPort(_public, "172.24.4.50/24", _cloud.AddDefaultGroup("ingress IPv4 tcp 80")));
        await _node.ConvergeAsync(_cloud);
        Assert.True(guest.Pings("172.24.4.1"));
        Assert.False(Reaches("172.24.4.50", seconds: 1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_provider_network_reaches_out_over_an_interface_or_bridge_of_the_operator(bool isBridge)
    {
        using var node = new TestNode(new() { Providers = [Mapping("public=uplink")] });
        string port = isBridge ? "wire" : "uplink";
        Command.Run($"ip -n {node.Namespace.Name} link add {port} type veth peer name eth0 netns {_outside.Name}");
        if (isBridge)
        {
            node.Namespace.Exec("ip link add uplink type bridge");
            node.Namespace.Exec("ip link set wire master uplink up");
            node.Namespace.Exec("ip link set uplink up");
        }

        _outside.Exec("ip addr add 172.24.4.1/24 dev eth0");
        _outside.Exec("ip link set eth0 up");
        var guest = node.AddGuest(_cloud.AddPort(_public, "172.24.4.50/24", _group));
        _cloud.Routers.Clear();
        await node.ConvergeAsync(_cloud);
        Assert.True(guest.Pings("172.24.4.1"));

        _cloud.Networks.Clear();
        _cloud.Ports.Clear();
        await node.ConvergeAsync(_cloud);
        string links = node.Namespace.Exec("ip -o link show");
        Assert.Contains("uplink", links);
        Assert.DoesNotContain("apu-", links);
        Assert.DoesNotContain("master apb", links);
    }

    private static ProviderMapping Mapping(string text) =>
        ProviderMapping.TryParse(text, out var mapping) ? mapping : throw new FormatException(text);

    private async Task<(TestGuest Inside, TestGuest Other)> GuestsAsync()
    {
        var a = _node.AddGuest(_cloud.AddPort(_inside, "10.5.0.1/24,fd05::1/64", _group));
        var b = _node.AddGuest(_cloud.AddPort(_other, "10.6.0.2/24,fd06::2/64", _group));
        await _node.ConvergeAsync(_cloud);
        foreach (var (guest, net) in new[] { (a, 5), (b, 6) })
        {
            guest.SetGateway($"10.{net}.0.254");
            guest.Exec($"ip -6 route replace default via fd0{net}::fe");
        }

        return (a, b);
    }

    private void Float(string fixedIp) =>
        _cloud.Routers[_router] = _cloud.Routers[_router] with { FloatingIps = [new("floating", FloatingIp, fixedIp)] };

    /// <summary>Whether the node itself gets an answer from an address.</summary>
    private bool Reaches(string address, int seconds = 5) => Enumerable.Range(0, seconds)
        .Any(_ => _node.Namespace.TryExec($"ping -c 1 -W 1 {address}").Code == 0);

    private string Connections() => Command.Run($"ip netns exec {_node.RouterNamespace(_router)} cat /proc/net/nf_conntrack");
}
