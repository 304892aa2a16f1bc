using Appliance.Linux.Namespaces;

namespace Appliance.Agent.Tests.Network.Kernel;

/// <summary>One network on two nodes, each an agent in a namespace of its own, over VXLAN.</summary>
public sealed class TunnelTests : IDisposable
{
    private readonly TestNode _first;
    private readonly TestNode _second;
    private readonly TestCloud _cloudOfFirst = new();
    private readonly TestCloud _cloudOfSecond = new();
    private readonly string _network;
    private readonly TestGuest _a;
    private readonly TestGuest _b;

    public TunnelTests()
    {
        (_first, _second) = TestNode.Pair();
        _network = _cloudOfFirst.AddNetwork();
        _cloudOfSecond.Networks[_network] = _cloudOfFirst.Networks[_network];
        string group = _cloudOfFirst.AddDefaultGroup("ingress IPv4", "ingress IPv6");
        _cloudOfSecond.Groups[group] = _cloudOfFirst.Groups[group];
        var a = _cloudOfFirst.AddPort(_network, "10.5.0.1/24,fd00::1/64", group);
        var b = _cloudOfSecond.AddPort(_network, "10.5.0.2/24,fd00::2/64", group);
        _cloudOfFirst.AddNeighbor(b, _network, "192.0.2.2");
        _cloudOfSecond.AddNeighbor(a, _network, "192.0.2.1");
        _a = _first.AddGuest(a);
        _b = _second.AddGuest(b);
    }

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
    }

    [Fact]
    public async Task Guests_on_two_nodes_reach_each_other()
    {
        await ConvergeAsync();
        Assert.True(_a.Pings("10.5.0.2"));
        Assert.True(_b.Pings("fd00::1"));
        Assert.True(_a.Pings("10.5.0.2", 5, "-s 1400 -M do"));
    }

    [Fact]
    public async Task Groups_judge_what_comes_over_the_tunnel()
    {
        await ConvergeAsync();
        string group = _cloudOfSecond.Groups.Keys.Single();
        _cloudOfSecond.SetRules(group, "egress IPv4");
        await _second.ConvergeAsync(_cloudOfSecond);
        Assert.False(_a.Pings("10.5.0.2", seconds: 1));
        Assert.True(_b.Pings("10.5.0.1"));
    }

    [Fact]
    public async Task A_neighbour_that_is_gone_gets_nothing_any_more()
    {
        await ConvergeAsync();
        Assert.True(_a.Pings("10.5.0.2"));
        _cloudOfFirst.Neighbors.Clear();
        await _first.ConvergeAsync(_cloudOfFirst);
        Assert.False(_a.Pings("10.5.0.2", seconds: 1));
        Assert.DoesNotContain("192.0.2.2", _first.Namespace.Exec("bridge fdb show"));
    }

    [Fact]
    public async Task Metadata_addresses_do_not_leave_their_node()
    {
        await ConvergeAsync();
        NetworkNamespace.Find(_second.MetadataNamespace(_network))!.Dispose();
        _a.Exec("ip route add 169.254.169.254 dev eth0");
        Assert.True(_a.Pings("10.5.0.2"));
        _first.Namespace.Exec($"ip link set apm-{_network[..11]} down");
        Assert.False(_a.Pings("169.254.169.254", seconds: 1));
    }

    private async Task ConvergeAsync()
    {
        await _first.ConvergeAsync(_cloudOfFirst);
        await _second.ConvergeAsync(_cloudOfSecond);
    }
}
