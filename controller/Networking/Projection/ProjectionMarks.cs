using Appliance.Controller.Data;
using Appliance.Controller.Networking.Ports;

namespace Appliance.Controller.Networking.Projection;

/// <summary>
/// What changed since the projector looked last, written in the transaction of the change: a mark says "look at this again", never what to
/// do. Marks are rows, so that none is lost with the process.
/// </summary>
internal sealed class ProjectionMarks
{
    public const string Ddl = "CREATE TABLE projection_marks (kind TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, id));";

    public const string Network = "network";
    public const string Port = "port";
    public const string Group = "group";
    public const string Router = "router";

    /// <summary>Wakes the projector; set once, before serving.</summary>
    public Action Wake { get; set; } = static () => { };

    public Task NetworkAsync(Session tx, string networkId, CancellationToken ct) => MarkAsync(tx, Network, networkId, ct);
    public Task GroupAsync(Session tx, string groupId, CancellationToken ct) => MarkAsync(tx, Group, groupId, ct);
    public Task RouterAsync(Session tx, string routerId, CancellationToken ct) => MarkAsync(tx, Router, routerId, ct);

    /// <summary>A port came, went or changed: the port itself, and the address sets of its groups.</summary>
    public async Task PortAsync(Session tx, Port port, CancellationToken ct)
    {
        await MarkAsync(tx, Port, port.Id, ct);
        foreach (var group in port.SecurityGroupIds.Items)
            await MarkAsync(tx, Group, group, ct);
        if (!DeviceOwners.IsRouter(port.DeviceOwner) || port.DeviceId.Length == 0)
            return;
        await MarkAsync(tx, Router, port.DeviceId, ct);
        await MarkAsync(tx, Network, port.NetworkId, ct);
    }

    /// <summary>Marks everything that is or that some node still holds a document of.</summary>
    public static async Task MarkAllAsync(Session tx, CancellationToken ct)
    {
        foreach (var (kind, table, documents) in ((string, string, string)[])
        [
            (Network, "networks", "'network'"),
            (Port, "ports WHERE node_id IS NOT NULL", "'port', 'neighbor'"),
            (Group, "security_groups", "'security_group', 'address_set'"),
            (Router, "routers", "'router'"),
        ])
        {
            await tx.ExecuteAsync(
                $"""
                INSERT INTO projection_marks (kind, id) SELECT @kind, id FROM
                (SELECT id FROM {table} UNION SELECT id FROM desired_documents WHERE kind IN ({documents}) AND body IS NOT NULL) found
                WHERE 1 = 1 ON CONFLICT DO NOTHING
                """, ct, ("kind", kind));
        }
    }

    /// <summary>Takes some marks: they are gone when the caller's transaction commits what came of them.</summary>
    public static async Task<List<(string Kind, string Id)>> TakeAsync(Session tx, int limit, CancellationToken ct)
    {
        var taken = await tx.ListAsync("SELECT kind, id FROM projection_marks LIMIT @limit", static row => (row.String(0), row.String(1)), ct, ("limit", limit));
        foreach (var (kind, id) in taken)
            await tx.ExecuteAsync("DELETE FROM projection_marks WHERE kind = @kind AND id = @id", ct, ("kind", kind), ("id", id));
        return taken;
    }

    private Task MarkAsync(Session tx, string kind, string id, CancellationToken ct)
    {
        tx.AfterCommit(Wake);
        return tx.ExecuteAsync("INSERT INTO projection_marks (kind, id) VALUES (@kind, @id) ON CONFLICT DO NOTHING", ct, ("kind", kind), ("id", id));
    }
}
