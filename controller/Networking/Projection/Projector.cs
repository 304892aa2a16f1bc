using Appliance.Controller.Data;
using Appliance.Controller.Link;
using Appliance.Protocol;

namespace Appliance.Controller.Networking.Projection;

/// <summary>
/// Keeps the documents of all nodes in step with the networks, ports, groups and routers of the database: everything a node needs to serve
/// its ports alone. Looks at what is marked; marks everything once at the start.
/// </summary>
internal sealed class Projector(Database database, ProjectionMarks marks, INodes nodes, DesiredState desired, TimeProvider clock)
{
    // Marks of one transaction. More make changes of the API wait longer, fewer cost a commit each.
    private const int Batch = 64;

    private readonly RouterPlacement _placement = new(nodes, clock);
    private bool _hasMarkedAll;

    /// <summary>One pass: until no mark is left.</summary>
    public async Task PassAsync(CancellationToken ct)
    {
        if (!_hasMarkedAll)
            await database.WriteAsync(ProjectionMarks.MarkAllAsync, ct);
        _hasMarkedAll = true;
        await database.WriteAsync(MarkStrandedRoutersAsync, ct);
        while (await database.ReadAsync(static (tx, token) => tx.CountAsync("SELECT COUNT(*) FROM projection_marks", token), ct) > 0)
            await database.WriteAsync(ProjectAsync, ct);
    }

    private async Task ProjectAsync(Session tx, CancellationToken ct)
    {
        var documents = new NodeDocuments(desired);
        var endpoints = new Endpoints(documents, nodes);
        var ports = new PortProjection(documents, endpoints);
        var routers = new RouterProjection(documents, _placement, ports);
        var groups = new GroupProjection(documents);
        var networks = new NetworkProjection(documents, endpoints);

        var taken = await ProjectionMarks.TakeAsync(tx, Batch, ct);
        var touched = taken.Where(static mark => mark.Kind == ProjectionMarks.Network).Select(static mark => mark.Id).ToHashSet();
        // Routers before ports: an interface is where its router is. Networks last: they are where the ports are by then.
        foreach (var (_, id) in taken.Where(static mark => mark.Kind == ProjectionMarks.Router))
            touched.UnionWith(await routers.SyncAsync(tx, id, ct));
        foreach (var (_, id) in taken.Where(static mark => mark.Kind == ProjectionMarks.Port))
            touched.UnionWith(await ports.SyncAsync(tx, id, ct));
        foreach (var network in touched)
            await networks.SyncAsync(tx, network, ct);
        foreach (var (_, id) in taken.Where(static mark => mark.Kind == ProjectionMarks.Group))
            await groups.SyncAsync(tx, id, ct);
    }

    // Routers without a node, and routers of nodes that are gone or have been silent for long.
    private async Task MarkStrandedRoutersAsync(Session tx, CancellationToken ct)
    {
        var placed = await tx.ListAsync("SELECT id, node_id FROM routers", static row => (Id: row.String(0), Node: row.NullableString(1)), ct);
        foreach (var (id, node) in placed)
        {
            if (node is null || nodes.Find(node) is not { } host || _placement.IsDownForLong(host))
                await marks.RouterAsync(tx, id, ct);
        }
    }

    /// <summary>A node says something new about itself: what others hold of it, and what it may host now.</summary>
    public async Task OnNodeAsync(Session tx, string nodeId, CancellationToken ct)
    {
        await tx.ExecuteAsync(
            "INSERT INTO projection_marks (kind, id) SELECT 'port', id FROM ports WHERE node_id = @node ON CONFLICT DO NOTHING", ct, ("node", nodeId));
        await tx.ExecuteAsync(
            """
            INSERT INTO projection_marks (kind, id) SELECT 'port', p.id FROM ports p JOIN routers r ON r.id = p.device_id WHERE r.node_id = @node
            ON CONFLICT DO NOTHING
            """, ct, ("node", nodeId));
        await tx.ExecuteAsync(
            "INSERT INTO projection_marks (kind, id) SELECT 'router', id FROM routers WHERE node_id = @node OR node_id IS NULL ON CONFLICT DO NOTHING",
            ct, ("node", nodeId));
        tx.AfterCommit(marks.Wake);
    }
}
