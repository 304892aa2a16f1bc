using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.Routers;

/// <summary>Rows of routers.</summary>
internal static class RouterTable
{
    public const string Ddl = $"""
        CREATE TABLE routers (
            {ResourceTable<Router>.StandardDdl}, admin_state_up BIGINT NOT NULL, status TEXT NOT NULL, gateway_network_id TEXT, gateway_port_id TEXT,
            enable_snat BIGINT NOT NULL, routes TEXT NOT NULL, zone_hints TEXT NOT NULL, node_id TEXT);
        CREATE INDEX routers_project ON routers (project_id);
        """;

    public static readonly ResourceTable<Router> Table = new("routers",
    [
        ("admin_state_up", static router => router.AdminStateUp),
        ("status", static router => router.Status),
        ("gateway_network_id", static router => router.GatewayNetworkId),
        ("gateway_port_id", static router => router.GatewayPortId),
        ("enable_snat", static router => router.EnableSnat),
        ("routes", static router => router.Routes.Text),
        ("zone_hints", static router => router.ZoneHints.Text),
        ("node_id", static router => router.NodeId),
    ],
    static row => new Router
    {
        AdminStateUp = row.Bool(Own),
        Status = row.String(Own + 1),
        GatewayNetworkId = row.NullableString(Own + 2),
        GatewayPortId = row.NullableString(Own + 3),
        EnableSnat = row.Bool(Own + 4),
        Routes = new(row.String(Own + 5), NetworkingJson.Default.ListHostRoute),
        ZoneHints = new(row.String(Own + 6), NetworkingJson.Default.ListString),
        NodeId = row.NullableString(Own + 7),
    });

    private const int Own = ResourceTable<Router>.OwnColumns;
}
