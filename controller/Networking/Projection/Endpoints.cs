using Appliance.Controller.Data;
using Appliance.Controller.Link;
using Appliance.Controller.Networking.Ports;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Networking.Projection;

/// <summary>A port that sits on a node: a server's NIC there, or the interface of a router the node hosts.</summary>
internal sealed record Endpoint(string PortId, string NetworkId, string MacAddress, JsonList<FixedIp> FixedIps, string NodeId);

/// <summary>
/// Where networks are. A network is present on the nodes that have an endpoint of it; each of them has the network's document, and, for
/// VXLAN, a neighbour entry for every endpoint elsewhere.
/// </summary>
internal sealed class Endpoints(NodeDocuments documents, INodes nodes)
{
    private const string Select =
        """
        SELECT p.id, p.network_id, p.mac_address, p.fixed_ips, COALESCE(o.node_id, p.node_id) FROM ports p
        LEFT JOIN routers o ON o.id = p.device_id AND p.device_owner IN ('network:router_interface', 'network:router_gateway')
        WHERE COALESCE(o.node_id, p.node_id) IS NOT NULL
        """;

    public static Task<Endpoint?> FindAsync(Session tx, string portId, CancellationToken ct) =>
        tx.FindAsync(Select + " AND p.id = @id", Map, ct, ("id", portId));

    public static Task<List<Endpoint>> ListAsync(Session tx, string networkId, CancellationToken ct) =>
        tx.ListAsync(Select + " AND p.network_id = @network", Map, ct, ("network", networkId));

    /// <summary>Nodes the network is present on.</summary>
    public static Task<List<string>> ListNodesAsync(Session tx, string networkId, CancellationToken ct) => tx.ListAsync(
        $"SELECT DISTINCT node FROM ({Select.Replace("COALESCE(o.node_id, p.node_id) FROM", "COALESCE(o.node_id, p.node_id) AS node FROM", StringComparison.Ordinal)} AND p.network_id = @network) e",
        static row => row.String(0), ct, ("network", networkId));

    /// <summary>An endpoint came, moved, changed or went: its neighbour entries on the other nodes of its network.</summary>
    public async Task SyncNeighborAsync(Session tx, string portId, Endpoint? endpoint, bool isOverlay, CancellationToken ct)
    {
        IReadOnlyList<string> others = endpoint is null || !isOverlay ? []
            : [.. (await ListNodesAsync(tx, endpoint.NetworkId, ct)).Where(node => node != endpoint.NodeId)];
        if (endpoint is not null && View(endpoint) is { } neighbor)
            await documents.PutOnlyAsync(tx, others, DocumentKinds.Neighbor, portId, neighbor, ProtocolJson.Default.NeighborDocument, ct);
        else
            await documents.RemoveExceptAsync(tx, [], DocumentKinds.Neighbor, portId, ct);
    }

    /// <summary>A node has just begun to be on a network: it learns of everybody who was there before.</summary>
    public async Task AddNeighborsAsync(Session tx, string nodeId, string networkId, CancellationToken ct)
    {
        foreach (var endpoint in await ListAsync(tx, networkId, ct))
        {
            if (endpoint.NodeId != nodeId && View(endpoint) is { } neighbor)
                await documents.PutAsync(tx, nodeId, DocumentKinds.Neighbor, endpoint.PortId, neighbor, ProtocolJson.Default.NeighborDocument, ct);
        }
    }

    /// <summary>A node is no longer on a network: it forgets who is.</summary>
    public async Task RemoveNeighborsAsync(Session tx, string nodeId, string networkId, CancellationToken ct)
    {
        foreach (var endpoint in await ListAsync(tx, networkId, ct))
        {
            var holders = await NodeDocuments.ListHoldersAsync(tx, DocumentKinds.Neighbor, endpoint.PortId, ct);
            if (holders.Contains(nodeId))
                await documents.RemoveExceptAsync(tx, [.. holders.Where(node => node != nodeId)], DocumentKinds.Neighbor, endpoint.PortId, ct);
        }
    }

    // Null until the node has said where its tunnels end.
    private NeighborDocument? View(Endpoint endpoint) => nodes.Find(endpoint.NodeId)?.Report?.TunnelAddress is { Length: > 0 } vtep
        ? new NeighborDocument(endpoint.PortId, endpoint.NetworkId, endpoint.MacAddress, [.. endpoint.FixedIps.Items.Select(static ip => ip.IpAddress)], vtep)
        : null;

    private static Endpoint Map(Row row) =>
        new(row.String(0), row.String(1), row.String(2), new(row.String(3), NetworkingJson.Default.ListFixedIp), row.String(4));
}
