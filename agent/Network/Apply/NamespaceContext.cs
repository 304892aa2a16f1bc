using Appliance.Linux.Namespaces;
using Appliance.Linux.Netlink.Conntrack;
using Appliance.Linux.Netlink.Nftables;
using Appliance.Linux.Netlink.Route;

namespace Appliance.Agent.Network.Apply;

/// <summary>A namespace of the agent with the sockets that work in it, kept between passes: opening them takes a thread each time.</summary>
internal sealed class NamespaceContext : IDisposable
{
    private NftTables? _nft;
    private ConntrackSocket? _conntrack;

    public NamespaceContext(NetworkNamespace netns)
    {
        Namespace = netns;
        Route = netns.Run(() => new RouteSocket());
    }

    public NetworkNamespace Namespace { get; }

    public RouteSocket Route { get; }

    public NftTables Nft => _nft ??= Namespace.Run(() => new NftTables());

    public ConntrackSocket Conntrack => _conntrack ??= Namespace.Run(() => new ConntrackSocket());

    /// <summary>Whether this process has finished a pass over it; until then nothing is taken for granted.</summary>
    public bool Visited { get; set; }

    public void Dispose()
    {
        Route.Dispose();
        _nft?.Dispose();
        _conntrack?.Dispose();
        Namespace.Dispose();
    }
}
