using Appliance.Controller.Data;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.FloatingIps;

/// <summary>Rows of floating IPs.</summary>
internal static class FloatingIpTable
{
    public const string Ddl = $"""
        CREATE TABLE floatingips (
            {ResourceTable<FloatingIp>.StandardDdl}, network_id TEXT NOT NULL, address TEXT NOT NULL, external_port_id TEXT NOT NULL,
            port_id TEXT, fixed_ip_address TEXT, router_id TEXT, status TEXT NOT NULL);
        CREATE INDEX floatingips_project ON floatingips (project_id);
        CREATE INDEX floatingips_port ON floatingips (port_id) WHERE port_id IS NOT NULL;
        CREATE INDEX floatingips_router ON floatingips (router_id) WHERE router_id IS NOT NULL;
        """;

    public static readonly ResourceTable<FloatingIp> Table = new("floatingips",
    [
        ("network_id", static ip => ip.NetworkId),
        ("address", static ip => ip.Address),
        ("external_port_id", static ip => ip.ExternalPortId),
        ("port_id", static ip => ip.PortId),
        ("fixed_ip_address", static ip => ip.FixedIpAddress),
        ("router_id", static ip => ip.RouterId),
        ("status", static ip => ip.Status),
    ],
    static row => new FloatingIp
    {
        NetworkId = row.String(Own),
        Address = row.String(Own + 1),
        ExternalPortId = row.String(Own + 2),
        PortId = row.NullableString(Own + 3),
        FixedIpAddress = row.NullableString(Own + 4),
        RouterId = row.NullableString(Own + 5),
        Status = row.String(Own + 6),
    });

    private const int Own = ResourceTable<FloatingIp>.OwnColumns;

    /// <summary>The port goes away: floating IPs that lead to it lead nowhere.</summary>
    public static async Task ReleasePortAsync(Session tx, NetworkingContext context, string portId, CancellationToken ct)
    {
        foreach (var ip in await Table.ListAsync(tx, "r.port_id = @port", ct, ("port", portId)))
        {
            await Table.UpdateAsync(tx, Disassociate(ip) with { UpdatedAt = context.Clock.GetUtcNow(), RevisionNumber = ip.RevisionNumber + 1 }, ct);
            if (ip.RouterId is { } router)
                await context.Marks.RouterAsync(tx, router, ct);
        }
    }

    public static FloatingIp Disassociate(FloatingIp ip) =>
        ip with { PortId = null, FixedIpAddress = null, RouterId = null, Status = PortStatuses.Down, Port = null };
}
