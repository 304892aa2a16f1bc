using System.Net;
using Appliance.Linux.Devices;
using Appliance.Linux.Libc;
using Appliance.Linux.Netlink;
using Appliance.Linux.Netlink.Route;

namespace Appliance.Agent.Tests.Linux;

public sealed class RouteSocketTests : IDisposable
{
    private readonly TestNamespace _netns = new();
    private readonly RouteSocket _route;

    public RouteSocketTests() => _route = _netns.Run(() => new RouteSocket());

    public void Dispose()
    {
        _route.Dispose();
        _netns.Dispose();
    }

    [Fact]
    public void A_bridge_is_made_without_spanning_tree_and_snooping_and_shows_its_frames_to_inet()
    {
        Execute(batch => batch.AddBridge("br0", 1450));
        var bridge = Link("br0");
        Assert.Equal(("bridge", 1450), (bridge.Kind, bridge.Mtu));
        Assert.Equal(new BridgeAttributes(false, 0, false, true, true), bridge.Bridge);
    }

    [Fact]
    public void A_vxlan_end_has_the_attributes_asked_for()
    {
        var wanted = new VxlanAttributes(77, IPAddress.Parse("192.0.2.1"), 4789, Learning: false);
        Execute(batch => batch.AddVxlan("vx0", 1400, wanted));
        Assert.Equal(wanted, Link("vx0").Vxlan);
    }

    [Fact]
    public void A_veth_peer_is_born_in_another_namespace_with_its_mac()
    {
        using var other = new TestNamespace();
        Execute(batch => batch.AddVeth("v0", 1450, "inside", other.Handle.Descriptor, "fa:16:3e:00:00:01"));
        Assert.Equal("veth", Link("v0").Kind);
        Assert.Contains("fa:16:3e:00:00:01", other.Exec("ip link show inside"));
    }

    [Fact]
    public void A_tap_stays_without_a_process()
    {
        _netns.Run(() => TapDevice.EnsurePersistent("tap0", 1000, 1000));
        Assert.Equal("tun", Link("tap0").Kind);
        Assert.Contains("user 1000", _netns.Exec("ip -d tuntap show"));
        _netns.Run(() => TapDevice.EnsurePersistent("tap0", 1000, 1000));
    }

    [Fact]
    public void Links_are_attached_renamed_in_alias_and_deleted()
    {
        Execute(batch => batch.AddBridge("br0", 1500).AddVeth("v0", 1500, "v1", null, null));
        Execute(batch => batch.SetLink(Link("v0"), up: true, master: Link("br0").Index, alias: "a name", withoutLinkLocal: true));
        Execute(batch => batch.SetBridgePortLearning(Link("v0"), false));
        var port = Link("v0");
        Assert.Equal((Link("br0").Index, true, "a name", false), (port.Master, port.Up, port.Alias, port.GeneratesLinkLocal));
        Assert.False(port.BridgePort!.Learning);

        Execute(batch => batch.DeleteLink(port));
        Assert.Null(_route.FindLink("v0"));
        Assert.Null(_route.FindLink("v1"));
    }

    [Fact]
    public void Addresses_and_routes_are_listed_as_they_were_added()
    {
        Execute(batch => batch.AddVeth("v0", 1500, "v1", null, null));
        int index = Link("v0").Index;
        Execute(batch => batch.SetLink(Link("v0"), up: true).SetLink(Link("v1"), up: true));
        var wanted = new[] { IpPrefix.Parse("10.5.0.1/24"), IpPrefix.Parse("2001:db8::1/64") };
        Execute(batch => batch.AddAddress(index, wanted[0]).AddAddress(index, wanted[1]));
        Assert.Subset(_route.ListAddresses().Where(a => a.LinkIndex == index).Select(a => a.Prefix).ToHashSet(), wanted.ToHashSet());

        var routes = new RouteEntry[]
        {
            new(IpPrefix.Parse("0.0.0.0/0"), IPAddress.Parse("10.5.0.254"), index),
            new(IpPrefix.Parse("::/0"), IPAddress.Parse("2001:db8::ff"), index),
            new(IpPrefix.Parse("10.9.0.0/16"), IPAddress.Parse("10.5.0.7"), index),
        };
        foreach (var route in routes)
            Execute(batch => batch.AddRoute(route));
        Assert.Equal(routes.ToHashSet(), _route.ListRoutes().ToHashSet());
        Execute(batch => batch.DeleteRoute(routes[0]));
        Assert.DoesNotContain(routes[0], _route.ListRoutes());
    }

    [Fact]
    public void Forwarding_entries_of_bridge_and_vxlan_are_listed_as_they_were_added()
    {
        Execute(batch => batch.AddBridge("br0", 1450).AddVxlan("vx0", 1450, new(77, IPAddress.Parse("192.0.2.1"), 4789, false)));
        Execute(batch => batch.SetLink(Link("vx0"), up: true, master: Link("br0").Index));
        int index = Link("vx0").Index;
        var wanted = new ForwardingEntry[]
        {
            new(index, "fa:16:3e:00:00:01", IPAddress.Parse("192.0.2.2")),
            new(index, "fa:16:3e:00:00:01", null),
            new(index, ForwardingEntry.FloodMac, IPAddress.Parse("192.0.2.2")),
            new(index, ForwardingEntry.FloodMac, IPAddress.Parse("192.0.2.3")),
        };
        Execute(batch => Array.ForEach(wanted, entry => batch.AddForwarding(entry)));
        Assert.Equal(wanted.ToHashSet(), _route.ListForwarding().ToHashSet());
        Execute(batch => Array.ForEach(wanted, entry => batch.DeleteForwarding(entry)));
        Assert.Empty(_route.ListForwarding());
    }

    [Fact]
    public void A_refusal_names_the_operation_and_spares_the_others()
    {
        using var batch = new NetlinkBatch();
        batch.AddBridge("br0", 1500).AddBridge("br0", 1500).AddBridge("br1", 1500);
        var failure = Assert.Single(_route.Execute(batch));
        Assert.Equal((1, "create bridge br0", Errno.EEXIST), (failure.Index, failure.Operation, failure.Errno));
        Assert.NotNull(_route.FindLink("br1"));
    }

    [Fact]
    public void A_thousand_links_are_made_and_listed()
    {
        Execute(batch =>
        {
            for (int i = 0; i < 1000; i++)
                batch.AddBridge($"br{i}", 1500);
        });
        Assert.Equal(1000, _route.ListLinks().Count(link => link.Kind == "bridge"));
    }

    private LinkInfo Link(string name) => _route.FindLink(name) ?? throw new InvalidOperationException($"no link {name}");

    private void Execute(Action<NetlinkBatch> write)
    {
        using var batch = new NetlinkBatch();
        write(batch);
        _route.ExecuteAll(batch);
    }
}
