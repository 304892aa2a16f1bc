using Appliance.Controller.Data;

namespace Appliance.Controller.Link;

/// <summary>Tables of the nodes themselves.</summary>
internal static class LinkSchema
{
    // nodes.previous_serial: the certificate before the last renewal, still good because the answer with the new one may have been lost.
    public static readonly ComponentSchema Nodes = new("nodes",
    [
        """
        CREATE TABLE nodes (
            id TEXT PRIMARY KEY, host_name TEXT NOT NULL UNIQUE, serial TEXT NOT NULL, previous_serial TEXT, is_revoked BIGINT NOT NULL,
            is_up BIGINT NOT NULL, store_id TEXT, report TEXT, last_seen_at BIGINT, enrolled_at BIGINT NOT NULL);
        CREATE TABLE join_tokens (
            secret_hash TEXT PRIMARY KEY, node_name TEXT, expires_at BIGINT NOT NULL, used_by_key TEXT, node_id TEXT);
        """,
    ]);

    public static IReadOnlyList<ComponentSchema> All => [Nodes, DesiredState.Schema];
}
