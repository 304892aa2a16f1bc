using System.Diagnostics;
using System.Net;
using Appliance.Agent.Network;
using Appliance.Agent.Network.Plan;
using Appliance.Agent.Tests.Linux;
using Appliance.Linux.Namespaces;

namespace Appliance.Agent.Tests.Network.Kernel;

/// <summary>What is there after changes, restarts, losses and at the end.</summary>
public sealed class LifecycleTests : IDisposable
{
    private readonly TestNode _node;
    private readonly TestCloud _cloud = new();

    public LifecycleTests()
    {
        Assert.True(ProviderMapping.TryParse("public=apub0,172.24.4.1/24,masquerade", out var mapping));
        _node = new(new() { TunnelAddress = IPAddress.Parse("192.0.2.1"), Providers = [mapping], TapOwnerUid = 1000 });
    }

    public void Dispose() => _node.Dispose();

    [Fact]
    public async Task Everything_removed_leaves_nothing()
    {
        string before = _node.Inventory();
        string forwarding = Forwarding();
        Fill(ports: 3);
        await _node.ConvergeAsync(_cloud);
        Assert.NotEqual(before, _node.Inventory());
        Assert.Equal("1", Forwarding());

        await _node.TryConvergeAsync(NetworkDesired.Nothing);
        Assert.Equal(before, _node.Inventory());
        Assert.Equal(forwarding, Forwarding());
    }

    [Fact]
    public async Task A_new_agent_process_finds_everything_and_changes_nothing()
    {
        Fill(ports: 3);
        await _node.ConvergeAsync(_cloud);
        string before = _node.Inventory() + Indexes();
        _node.RestartAgent();
        await _node.ConvergeAsync(_cloud);
        Assert.Equal(before, _node.Inventory() + Indexes());

        _node.RestartAgent();
        await _node.TryConvergeAsync(NetworkDesired.Nothing);
        Assert.DoesNotContain("ap", _node.Namespace.Exec("nft list ruleset"));
        Assert.DoesNotContain(NetworkNamespace.List(), name => name.Contains(_node.Namespace.Name + "-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_lost_is_made_again()
    {
        Fill(ports: 2);
        await _node.ConvergeAsync(_cloud);
        string before = _node.Inventory();
        string network = _cloud.Networks.Keys.First();
        _node.Namespace.Exec($"ip link del {NetworkNames.Bridge(network)}");
        _node.Namespace.Exec("nft flush ruleset");
        Command.Run($"ip netns del {_node.RouterNamespace(_cloud.Routers.Keys.Single())}");

        // The kernel takes the removed namespace's links away some time after its name.
        await Eventually.TrueAsync(() =>
        {
            _node.TryConvergeAsync(_cloud.Desired()).GetAwaiter().GetResult();
            return _node.Inventory() == before;
        }, "everything was made again");
        await _node.ConvergeAsync(_cloud);
    }

    [Fact]
    public async Task A_tap_belongs_to_the_guests_user()
    {
        Fill(ports: 1);
        await _node.ConvergeAsync(_cloud);
        string taps = _node.Namespace.Exec("ip -d tuntap show");
        Assert.Contains("persist", taps);
        Assert.Contains("user 1000", taps);
        Assert.Contains("vnet_hdr", taps);
    }

    [Fact]
    public async Task Numbers_stay_when_other_ports_come_and_go()
    {
        Fill(ports: 3);
        await _node.ConvergeAsync(_cloud);
        string last = _cloud.Ports.Keys.Last();
        string alias = _node.Namespace.Exec($"ip link show {NetworkNames.Tap(last)}");
        _cloud.Ports.Remove(_cloud.Ports.Keys.First());
        _node.RestartAgent();
        await _node.ConvergeAsync(_cloud);
        Assert.Equal(alias, _node.Namespace.Exec($"ip link show {NetworkNames.Tap(last)}"));
    }

    [Fact]
    public async Task One_bad_document_does_not_stop_the_others()
    {
        Fill(ports: 2);
        string bad = _cloud.Ports.Keys.First();
        _cloud.Ports[bad] = _cloud.Ports[bad] with { NetworkId = TestCloud.NewId() };
        string lost = _cloud.AddNetwork(provider: "nowhere");
        var statuses = await _node.TryConvergeAsync(_cloud.Desired());
        Assert.Equal("error", statuses.Single(status => status.Id == bad).State);
        Assert.Contains("nowhere", statuses.Single(status => status.Id == lost).Fault);
        Assert.All(statuses.Where(status => status.Id != bad && status.Id != lost), status => Assert.Equal("active", status.State));
    }

    [Fact]
    public async Task Two_hundred_ports_are_made_in_seconds_and_checked_in_milliseconds()
    {
        Fill(ports: 200);
        var making = await TimeAsync();
        var checking = TimeSpan.MaxValue;
        for (int i = 0; i < 5; i++)
            checking = new[] { checking, await TimeAsync() }.Min();
        string group = _cloud.Groups.Keys.First();
        _cloud.Sets[group] = _cloud.Sets[group] with { Addresses = [.. _cloud.Sets[group].Addresses, "10.5.9.9"] };
        var member = await TimeAsync();
        _cloud.AddPort(_cloud.Networks.Keys.First(), "10.5.9.9/16", group);
        var port = await TimeAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"200 ports: {making.TotalMilliseconds:f0} ms; nothing to do: {checking.TotalMilliseconds:f1} ms; "
            + $"one member more: {member.TotalMilliseconds:f1} ms; one port more: {port.TotalMilliseconds:f1} ms");
        Assert.True(making < TimeSpan.FromSeconds(20), $"making took {making}");
        Assert.True(checking < TimeSpan.FromMilliseconds(500), $"checking took {checking}");
    }

    /// <summary>A link that was made anew has another one.</summary>
    private string Indexes() => string.Join('\n', _node.Namespace.Exec("ip -o link show").Split('\n').Select(line => line.Split('<')[0]));

    private string Forwarding() => _node.Namespace.Exec("sysctl -n net.ipv4.ip_forward").Trim();

    private async Task<TimeSpan> TimeAsync()
    {
        var watch = Stopwatch.StartNew();
        await _node.ConvergeAsync(_cloud);
        return watch.Elapsed;
    }

    /// <summary>A tenant network with ports, a provider network and a router with a floating address between them.</summary>
    private void Fill(int ports)
    {
        string network = _cloud.AddNetwork();
        string outside = _cloud.AddNetwork(provider: "public");
        string group = _cloud.AddDefaultGroup("ingress IPv4 tcp 22", "ingress IPv6 icmp");
        _cloud.SetRules(group, "egress IPv4", "egress IPv6", "ingress IPv4 tcp 22", "ingress IPv4 icmp", $"ingress IPv4 group={group}");
        for (int i = 0; i < ports; i++)
            _cloud.AddPort(network, $"10.5.{i / 200}.{(i % 200) + 1}/16,fd00::{i + 1:x}/64", group);
        _cloud.Sets[group] = new(group, [.. _cloud.Ports.Values.SelectMany(port => port.FixedIps).Select(ip => ip.IpAddress)]);
        for (int i = 0; i < 10; i++)
            _cloud.AddNeighbor(new(TestCloud.NewId(), $"fa:16:3e:ff:00:{i:x2}", [$"10.5.200.{i}/16"]), network, $"192.0.2.{100 + i}");
        string router = TestCloud.NewId();
        _cloud.Routers[router] = new(router, "project", true,
            new(TestCloud.NewId(), outside, "fa:16:3e:00:04:02", ["172.24.4.2/24"], ["172.24.4.1"], true),
            [new(TestCloud.NewId(), network, "fa:16:3e:00:05:fe", ["10.5.255.254/16"])], [],
            [new(TestCloud.NewId(), "172.24.4.10", "10.5.0.1")]);
    }
}
