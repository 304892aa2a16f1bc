using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.SubnetPools;

/// <summary>Rows of subnet pools.</summary>
internal static class SubnetPoolTable
{
    public const string Ddl = $"""
        CREATE TABLE subnetpools (
            {ResourceTable<SubnetPool>.StandardDdl}, prefixes TEXT NOT NULL, ip_version BIGINT NOT NULL, min_prefixlen BIGINT NOT NULL,
            max_prefixlen BIGINT NOT NULL, default_prefixlen BIGINT NOT NULL, default_quota BIGINT, is_default BIGINT NOT NULL,
            shared BIGINT NOT NULL);
        CREATE INDEX subnetpools_project ON subnetpools (project_id);
        ALTER TABLE subnets ADD COLUMN subnetpool_id TEXT;
        CREATE INDEX subnets_subnetpool ON subnets (subnetpool_id) WHERE subnetpool_id IS NOT NULL;
        """;

    public static readonly ResourceTable<SubnetPool> Table = new("subnetpools",
    [
        ("prefixes", static pool => pool.Prefixes.Text),
        ("ip_version", static pool => pool.IpVersion),
        ("min_prefixlen", static pool => pool.MinPrefixLength),
        ("max_prefixlen", static pool => pool.MaxPrefixLength),
        ("default_prefixlen", static pool => pool.DefaultPrefixLength),
        ("default_quota", static pool => pool.DefaultQuota),
        ("is_default", static pool => pool.IsDefault),
        ("shared", static pool => pool.Shared),
    ],
    static row => new SubnetPool
    {
        Prefixes = new(row.String(Own), NetworkingJson.Default.ListString),
        IpVersion = row.Int32(Own + 1),
        MinPrefixLength = row.Int32(Own + 2),
        MaxPrefixLength = row.Int32(Own + 3),
        DefaultPrefixLength = row.Int32(Own + 4),
        DefaultQuota = row.NullableInt64(Own + 5),
        IsDefault = row.Bool(Own + 6),
        Shared = row.Bool(Own + 7),
    });

    private const int Own = ResourceTable<SubnetPool>.OwnColumns;
}
