using Appliance.Controller.Data;
using Appliance.Controller.Link;
using Appliance.Controller.Networking.Networks;
using Appliance.Controller.Networking.Routers;

namespace Appliance.Controller.Networking.Projection;

/// <summary>
/// Chooses the node that hosts a router: one that is up, reaches the physical network of the gateway, and has the fewest routers. A router
/// stays where it is while its node can serve it.
/// </summary>
internal sealed class RouterPlacement(INodes nodes, TimeProvider clock)
{
    // Neutron's agent_down_time: a node that is silent for less may only be restarting, and moving a router breaks its connections.
    private static readonly TimeSpan DownForLong = TimeSpan.FromSeconds(75);

    /// <summary>The node for the router; null when none can serve it, or nothing is attached to it.</summary>
    public async Task<string?> ChooseAsync(Session tx, Router router, CancellationToken ct)
    {
        var isAttached = await tx.CountAsync("SELECT COUNT(*) FROM ports WHERE device_id = @router", ct, ("router", router.Id)) > 0;
        if (!isAttached)
            return null;
        var gateway = router.GatewayNetworkId is { } id ? await NetworkTable.Table.FindAsync(tx, id, ct) : null;
        if (router.NodeId is { } current && nodes.Find(current) is { } node && Reaches(node, gateway) && !IsDownForLong(node))
            return current;

        var load = (await tx.ListAsync("SELECT node_id, COUNT(*) FROM routers WHERE node_id IS NOT NULL GROUP BY node_id",
            static row => (Node: row.String(0), Routers: row.Int64(1)), ct)).ToDictionary(static row => row.Node, static row => row.Routers);
        return nodes.All.Where(candidate => candidate.IsUp && Reaches(candidate, gateway))
            .OrderBy(candidate => load.GetValueOrDefault(candidate.Id)).ThenBy(static candidate => candidate.Id, StringComparer.Ordinal)
            .Select(static candidate => candidate.Id).FirstOrDefault() ?? router.NodeId;
    }

    /// <summary>Whether the routers of this node should be looked at again.</summary>
    public bool IsDownForLong(Node node) => !node.IsUp && clock.GetUtcNow() - (node.LastSeenAt ?? node.EnrolledAt) > DownForLong;

    private static bool Reaches(Node node, Network? gateway) =>
        gateway?.PhysicalNetwork is not { } physical || node.Report?.PhysicalNetworks.Contains(physical) == true;
}
