using System.Net;
using Appliance.Agent.Network;
using Appliance.Agent.Network.Plan;
using Appliance.Agent.Tests.Linux;
using Appliance.Protocol;

namespace Appliance.Agent.Tests.Network.Kernel;

/// <summary>A node: a namespace that a network agent works in, with guests.</summary>
internal sealed class TestNode : IDisposable
{
    private readonly TestNamespace _netns = new();
    private readonly List<TestGuest> _guests = [];
    private readonly NetworkOptions _options;

    public TestNode(NetworkOptions? options = null)
    {
        // Short, as it becomes part of namespaces' names, and unique among tests of this process and others.
        _options = (options ?? new()) with { Instance = _netns.Name };
        Network = new(_options, _netns.Handle);
        _netns.Exec("ip link set lo up");
    }

    public NodeNetwork Network { get; private set; }

    public TestNamespace Namespace => _netns;

    public string RouterNamespace(string routerId) => NetworkNames.RouterNamespace(_netns.Name, routerId);

    public string MetadataNamespace(string networkId) => NetworkNames.MetadataNamespace(_netns.Name, networkId);

    /// <summary>Converges and expects that everything could be made.</summary>
    public async Task ConvergeAsync(TestCloud cloud)
    {
        var statuses = await Network.ConvergeAsync(cloud.Desired(), TestContext.Current.CancellationToken);
        Assert.All(statuses, status => Assert.True(status.Fault is null, $"{status.Kind} {status.Id}: {status.Fault}"));
    }

    public Task<IReadOnlyList<ObjectStatus>> TryConvergeAsync(NetworkDesired desired) =>
        Network.ConvergeAsync(desired, TestContext.Current.CancellationToken);

    /// <summary>The agent's process ends and another one starts.</summary>
    public void RestartAgent()
    {
        Network.Dispose();
        Network = new(_options, _netns.Handle);
    }

    /// <summary>A guest at a port: a namespace whose interface is the port's device.</summary>
    public TestGuest AddGuest(TestPort port)
    {
        var guest = new TestGuest(this, port);
        _guests.Add(guest);
        return guest;
    }

    /// <summary>Links, namespaces and rules, as text to compare.</summary>
    public string Inventory() => string.Join('\n',
        _netns.Exec("ip -o link show").Split('\n').Select(line => line.Split(": ").ElementAtOrDefault(1)?.Split('@')[0]).Order(),
        string.Join(' ', Appliance.Linux.Namespaces.NetworkNamespace.List().Where(name => name.Contains(_netns.Name, StringComparison.Ordinal)).Order()),
        _netns.Exec("nft -s list ruleset"));

    public void Dispose()
    {
        foreach (var guest in _guests)
            guest.Dispose();
        using (Network)
        {
            Network.ConvergeAsync(NetworkDesired.Nothing, CancellationToken.None).GetAwaiter().GetResult();
        }

        _netns.Dispose();
    }

    /// <summary>Two nodes with a wire between them, each its address on it.</summary>
    public static (TestNode First, TestNode Second) Pair()
    {
        var first = new TestNode(new() { TunnelAddress = IPAddress.Parse("192.0.2.1") });
        var second = new TestNode(new() { TunnelAddress = IPAddress.Parse("192.0.2.2") });
        Command.Run($"ip -n {first._netns.Name} link add under mtu 1500 type veth peer name under netns {second._netns.Name}");
        foreach (var (node, address) in new[] { (first, "192.0.2.1/24"), (second, "192.0.2.2/24") })
        {
            node._netns.Exec($"ip addr add {address} dev under");
            node._netns.Exec("ip link set under up");
        }

        return (first, second);
    }
}
