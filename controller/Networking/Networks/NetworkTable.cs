using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.Networks;

/// <summary>Rows of networks.</summary>
internal static class NetworkTable
{
    public const string Ddl = $"""
        CREATE TABLE networks (
            {ResourceTable<Network>.StandardDdl}, admin_state_up BIGINT NOT NULL, shared BIGINT NOT NULL, external BIGINT NOT NULL,
            port_security BIGINT NOT NULL, mtu BIGINT NOT NULL, network_type TEXT NOT NULL, physical_network TEXT, segmentation_id BIGINT,
            is_default BIGINT NOT NULL, zone_hints TEXT NOT NULL);
        CREATE INDEX networks_project ON networks (project_id);
        CREATE UNIQUE INDEX networks_segment ON networks (segmentation_id) WHERE segmentation_id IS NOT NULL;
        CREATE UNIQUE INDEX networks_flat ON networks (physical_network) WHERE physical_network IS NOT NULL;
        """;

    public static readonly ResourceTable<Network> Table = new("networks",
    [
        ("admin_state_up", static network => network.AdminStateUp),
        ("shared", static network => network.Shared),
        ("external", static network => network.External),
        ("port_security", static network => network.PortSecurityEnabled),
        ("mtu", static network => network.Mtu),
        ("network_type", static network => network.Type),
        ("physical_network", static network => network.PhysicalNetwork),
        ("segmentation_id", static network => network.SegmentationId),
        ("is_default", static network => network.IsDefault),
        ("zone_hints", static network => network.ZoneHints.Text),
    ],
    static row => new Network
    {
        AdminStateUp = row.Bool(Own),
        Shared = row.Bool(Own + 1),
        External = row.Bool(Own + 2),
        PortSecurityEnabled = row.Bool(Own + 3),
        Mtu = row.Int32(Own + 4),
        Type = row.String(Own + 5),
        PhysicalNetwork = row.NullableString(Own + 6),
        SegmentationId = row.NullableInt32(Own + 7),
        IsDefault = row.Bool(Own + 8),
        ZoneHints = new(row.String(Own + 9), NetworkingJson.Default.ListString),
    });

    private const int Own = ResourceTable<Network>.OwnColumns;
}
