using Appliance.Linux.Libc;
using static Appliance.Linux.Netlink.NetlinkConstants;
using static Appliance.Linux.Netlink.Route.RouteConstants;

namespace Appliance.Linux.Netlink.Route;

/// <summary>rtnetlink of the network namespace of the thread that made it. Changes are batches of the <c>…Requests</c>; reads are here.</summary>
internal sealed class RouteSocket : IDisposable
{
    private readonly NetlinkSocket _socket = new(NETLINK_ROUTE);
    private readonly NetlinkBatch _query = new();

    /// <summary>Applies each request by itself; those that failed.</summary>
    public IReadOnlyList<NetlinkFailure> Execute(NetlinkBatch batch) => batch.Count == 0 ? [] : _socket.Execute(batch);

    /// <summary>Applies each request; throws the first failure after having tried all.</summary>
    public void ExecuteAll(NetlinkBatch batch)
    {
        if (batch.Count > 0)
            _socket.ExecuteAll(batch);
    }

    public IReadOnlyList<LinkInfo> ListLinks() => Dump(RTM_GETLINK, new IfInfoMsg(), "list links", LinkReader.Read);

    /// <summary>One link; null when none has the name.</summary>
    public LinkInfo? FindLink(string name)
    {
        var found = new List<LinkInfo>(1);
        Begin(RTM_GETLINK, 0, $"find link {name}").Struct(new IfInfoMsg()).PutString(IFLA_IFNAME, name);
        return _socket.Query(_query, found, LinkReader.Read) switch
        {
            null => found[0],
            { Errno: Errno.ENODEV } => null,
            var failure => throw failure.ToException(),
        };
    }

    public IReadOnlyList<InterfaceAddress> ListAddresses() => Dump(RTM_GETADDR, new IfAddrMsg(), "list addresses", AddressRequests.Read);

    /// <summary>Static routes of the main table, both families.</summary>
    public IReadOnlyList<RouteEntry> ListRoutes() =>
    [
        .. Dump(RTM_GETROUTE, new RtMsg { rtm_family = (byte)Sockets.AF_INET }, "list IPv4 routes", RouteRequests.Read),
        .. Dump(RTM_GETROUTE, new RtMsg { rtm_family = (byte)Sockets.AF_INET6 }, "list IPv6 routes", RouteRequests.Read),
    ];

    /// <summary>Forwarding entries that somebody gave, on all bridges and VXLAN ends.</summary>
    public IReadOnlyList<ForwardingEntry> ListForwarding() =>
        Dump(RTM_GETNEIGH, new NdMsg { ndm_family = (byte)Sockets.AF_BRIDGE }, "list forwarding entries", NeighborRequests.Read);

    public void Dispose()
    {
        _socket.Dispose();
        _query.Dispose();
    }

    private List<T> Dump<THeader, T>(ushort type, THeader header, string operation, Func<ushort, ReadOnlySpan<byte>, T?> read)
        where THeader : unmanaged
        where T : class
    {
        var results = new List<T>();
        Begin(type, NLM_F_DUMP, operation).Struct(header);
        return _socket.Query(_query, results, read) is { } failure ? throw failure.ToException() : results;
    }

    private NetlinkBatch Begin(ushort type, ushort flags, string operation)
    {
        _query.Clear();
        return _query.Begin(type, flags, operation);
    }
}
