using System.Net;
using Appliance.Agent.Network;
using Appliance.Agent.Network.Plan;
using Appliance.Agent.Tests.Network.Kernel;
using Appliance.Linux.Netlink.Route;
using Appliance.Protocol;

namespace Appliance.Agent.Tests.Network.Plan;

public sealed class NodePlannerTests
{
    private static readonly IPAddress Tunnel = IPAddress.Parse("192.0.2.1");

    private readonly TestCloud _cloud = new();
    private readonly ChainCache _cache = new();

    [Fact]
    public void Nothing_desired_is_nothing_planned()
    {
        var plan = Plan();
        Assert.Empty(plan.Links);
        Assert.Empty(plan.Namespaces);
        Assert.Empty(plan.Tables);
    }

    [Fact]
    public void Links_come_after_their_bridge()
    {
        string network = _cloud.AddNetwork();
        _cloud.AddPort(network, "10.5.0.1/24");
        var links = Plan(new() { TunnelAddress = Tunnel }).Links.ToList();
        Assert.All(links.Where(link => link.Bridge is not null), link =>
            Assert.InRange(links.FindIndex(other => other.Name == link.Bridge), 0, links.IndexOf(link) - 1));
    }

    [Fact]
    public void Neighbours_become_forwarding_entries_and_one_flood_entry_a_node()
    {
        string network = _cloud.AddNetwork();
        _cloud.AddPort(network, "10.5.0.1/24");
        foreach (string id in new[] { "a1", "a2" })
            _cloud.AddNeighbor(new(TestCloud.NewId(), $"FA:16:3E:00:00:{id}", ["10.5.0.9/24"]), network, "192.0.2.2");
        var entries = Plan(new() { TunnelAddress = Tunnel }).Forwarding;
        Assert.Equal(5, entries.Count);
        Assert.Single(entries, entry => entry.Mac == ForwardingEntry.FloodMac);
        Assert.Contains(new(NetworkNames.Vxlan(network), "fa:16:3e:00:00:a1", IPAddress.Parse("192.0.2.2")), entries);
        Assert.Contains(new(NetworkNames.Vxlan(network), "fa:16:3e:00:00:a1", null), entries);
    }

    [Fact]
    public void A_port_that_is_here_already_is_no_neighbour()
    {
        string network = _cloud.AddNetwork();
        var port = _cloud.AddPort(network, "10.5.0.1/24");
        _cloud.AddNeighbor(port, network, "192.0.2.2");
        Assert.DoesNotContain(Plan(new() { TunnelAddress = Tunnel }).Forwarding, entry => entry.Mac == port.Mac);
    }

    [Fact]
    public void Neighbours_without_a_tunnel_address_are_a_fault_of_the_network()
    {
        string network = _cloud.AddNetwork();
        _cloud.AddNeighbor(new(TestCloud.NewId(), "fa:16:3e:00:00:01", ["10.5.0.9/24"]), network, "192.0.2.2");
        Assert.Contains("tunnel address", Plan().Faults[new(DocumentKinds.Network, network)]);
    }

    [Fact]
    public void Without_a_filter_secured_ports_stay_down_and_others_do_not()
    {
        string network = _cloud.AddNetwork();
        var secured = _cloud.AddPort(network, "10.5.0.1/24");
        var free = _cloud.AddPort(network, "10.5.0.2/24", change: port => port with { PortSecurityEnabled = false });
        var plan = Plan(facts: KernelFacts.None with { FilterFault = "no br_netfilter" });
        Assert.False(plan.Links.Single(link => link.Name == NetworkNames.Tap(secured.Id)).Up);
        Assert.True(plan.Links.Single(link => link.Name == NetworkNames.Tap(free.Id)).Up);
        Assert.Equal("no br_netfilter", plan.Faults[new(DocumentKinds.Port, secured.Id)]);
    }

    [Fact]
    public void A_rule_that_cannot_be_read_allows_nothing_and_is_named()
    {
        string network = _cloud.AddNetwork();
        var port = _cloud.AddPort(network, "10.5.0.1/24", _cloud.AddGroup("ingress IPv4 tcp 80 from=nonsense"));
        var plan = Plan();
        Assert.Contains("nonsense", plan.Faults[new(DocumentKinds.Port, port.Id)]);
        Assert.Empty(plan.Tables[1].Chains.Single(chain => chain.Name.StartsWith("ingress-", StringComparison.Ordinal)).Rules);
    }

    [Fact]
    public void Unchanged_documents_give_the_same_chains_and_changed_ones_others()
    {
        string network = _cloud.AddNetwork();
        var port = _cloud.AddPort(network, "10.5.0.1/24", _cloud.AddDefaultGroup());
        var first = From(Plan(), port);
        Assert.Same(first, From(Plan(), port));
        _cloud.Ports[port.Id] = _cloud.Ports[port.Id] with { AllowedAddressPairs = [new("10.9.0.0/24", port.Mac)] };
        Assert.NotSame(first, From(Plan(), port));
    }

    private static object From(NodePlan plan, TestPort port) => plan.Tables[0].Chains.Single(chain => chain.Name == $"from-{port.Id}");

    private NodePlan Plan(NetworkOptions? options = null, KernelFacts? facts = null)
    {
        _cache.BeginPlan();
        return NodePlanner.Plan(_cloud.Desired(), options ?? new(), "", facts ?? KernelFacts.None, _cache).Plan;
    }
}
