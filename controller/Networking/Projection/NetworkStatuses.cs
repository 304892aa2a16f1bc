using Appliance.Controller.Data;
using Appliance.Controller.Link;
using Appliance.Controller.Networking.FloatingIps;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Routers;
using Appliance.Protocol;

namespace Appliance.Controller.Networking.Projection;

/// <summary>
/// What nodes report becomes the status of ports, routers and floating IPs; what nodes are becomes marks for the projector.
/// </summary>
internal sealed class NetworkStatuses(NetworkingContext context, Projector projector) : IStatusSink, INodeWatcher
{
    private readonly Dictionary<string, (bool IsUp, string Report)> _seen = [];

    public IReadOnlyList<string> Kinds => [DocumentKinds.Port, DocumentKinds.Router, DocumentKinds.Network];

    public async Task OnStatusAsync(Session tx, string nodeId, IReadOnlyList<ObjectStatus> statuses, IReadOnlyList<DocumentKey> gone, CancellationToken ct)
    {
        foreach (var status in statuses)
        {
            if (status.Kind == DocumentKinds.Port)
                await SetPortAsync(tx, nodeId, status, ct);
            else if (status.Kind == DocumentKinds.Router)
                await SetRouterAsync(tx, nodeId, status, ct);
        }
    }

    public async Task OnNodeAsync(Node node, CancellationToken ct)
    {
        var report = $"{node.Report?.TunnelAddress} {string.Join(',', node.Report?.PhysicalNetworks ?? [])}";
        lock (_seen)
        {
            if (_seen.TryGetValue(node.Id, out var before) && before == (node.IsUp, report))
                return;
            _seen[node.Id] = (node.IsUp, report);
        }

        await context.Database.WriteAsync((tx, token) => projector.OnNodeAsync(tx, node.Id, token), ct);
    }

    private async Task SetPortAsync(Session tx, string nodeId, ObjectStatus reported, CancellationToken ct)
    {
        if (await PortTable.Table.FindAsync(tx, reported.Id, ct) is not { } port || port.NodeId != nodeId)
            return;
        var status = StatusOf(reported.State);
        if (status == port.Status)
            return;
        // A status is no change of what was asked for: the revision stays.
        await tx.ExecuteAsync("UPDATE ports SET status = @status WHERE id = @id", ct, ("status", status), ("id", port.Id));
        await context.LogAsync(tx, Actor.System, "port", port, "state", ct);
    }

    private async Task SetRouterAsync(Session tx, string nodeId, ObjectStatus reported, CancellationToken ct)
    {
        if (await RouterTable.Table.FindAsync(tx, reported.Id, ct) is not { } router || router.NodeId != nodeId)
            return;
        var status = StatusOf(reported.State);
        // A router that is switched off is not in error: Neutron shows it ACTIVE, with admin_state_up false.
        var shown = status == PortStatuses.Error ? PortStatuses.Error : PortStatuses.Active;
        if (shown != router.Status)
        {
            await tx.ExecuteAsync("UPDATE routers SET status = @status WHERE id = @id", ct, ("status", shown), ("id", router.Id));
            await context.LogAsync(tx, Actor.System, "router", router, "state", ct);
        }

        await tx.ExecuteAsync("UPDATE ports SET status = @status WHERE device_id = @router AND device_owner LIKE 'network:router_%' AND status <> @status",
            ct, ("status", status), ("router", router.Id));
        foreach (var ip in await FloatingIpTable.Table.ListAsync(tx, "r.router_id = @router AND r.status <> @status", ct,
            ("router", router.Id), ("status", status)))
        {
            await tx.ExecuteAsync("UPDATE floatingips SET status = @status WHERE id = @id", ct, ("status", status), ("id", ip.Id));
            await context.LogAsync(tx, Actor.System, "floatingip", ip, "state", ct);
        }
    }

    private static string StatusOf(string state) => state switch
    {
        "active" => PortStatuses.Active,
        "error" => PortStatuses.Error,
        _ => PortStatuses.Down,
    };
}
