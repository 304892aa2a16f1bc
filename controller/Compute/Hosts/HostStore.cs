using Appliance.Controller.Data;
using Appliance.Controller.Link;

namespace Appliance.Controller.Compute.Hosts;

/// <summary>What administrators decided about nodes: enabled or not, and the aggregates that make availability zones.</summary>
internal sealed class HostStore(INodes nodes)
{
    /// <summary>Zone of every node that no aggregate puts elsewhere; Nova's default <c>default_availability_zone</c>.</summary>
    public const string DefaultZone = "nova";

    /// <summary>Zone of the controller's own services; Nova's <c>internal_service_availability_zone</c>.</summary>
    public const string InternalZone = "internal";

    public static readonly ComponentSchema Schema = new("compute_hosts",
    [
        """
        CREATE TABLE compute_services (
            number {identity}, node_id TEXT NOT NULL UNIQUE, disabled BIGINT NOT NULL, disabled_reason TEXT, forced_down BIGINT NOT NULL,
            changed_at BIGINT NOT NULL);
        CREATE TABLE aggregates (
            number {identity}, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, created_at BIGINT NOT NULL, updated_at BIGINT);
        CREATE TABLE aggregate_metadata (
            aggregate_number BIGINT NOT NULL REFERENCES aggregates (number) ON DELETE CASCADE, name TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (aggregate_number, name));
        CREATE TABLE aggregate_hosts (
            aggregate_number BIGINT NOT NULL REFERENCES aggregates (number) ON DELETE CASCADE, host_name TEXT NOT NULL,
            PRIMARY KEY (aggregate_number, host_name));
        """,
    ]);

    public INodes Nodes => nodes;

    /// <summary>Gives a node its number, the id it has in old versions of the API. Idempotent.</summary>
    public static Task RegisterAsync(Session tx, string nodeId, DateTimeOffset now, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO compute_services (node_id, disabled, disabled_reason, forced_down, changed_at) VALUES (@id, 0, NULL, 0, @now)
        ON CONFLICT (node_id) DO NOTHING
        """,
        ct, ("id", nodeId), ("now", now));

    public static Task SetDisabledAsync(Session tx, string nodeId, bool isDisabled, string? reason, DateTimeOffset now, CancellationToken ct) =>
        tx.ExecuteAsync("UPDATE compute_services SET disabled = @disabled, disabled_reason = @reason, changed_at = @now WHERE node_id = @id",
            ct, ("id", nodeId), ("disabled", isDisabled), ("reason", reason), ("now", now));

    public static Task SetForcedDownAsync(Session tx, string nodeId, bool isForcedDown, DateTimeOffset now, CancellationToken ct) =>
        tx.ExecuteAsync("UPDATE compute_services SET forced_down = @forced, changed_at = @now WHERE node_id = @id",
            ct, ("id", nodeId), ("forced", isForcedDown), ("now", now));

    /// <summary>Every enrolled node, by name.</summary>
    public async Task<List<ComputeHost>> ListAsync(Session tx, CancellationToken ct)
    {
        var services = (await tx.ListAsync("SELECT node_id, disabled, disabled_reason, forced_down, changed_at, number FROM compute_services",
            static row => (Node: row.String(0), Disabled: row.Bool(1), Reason: row.NullableString(2), Forced: row.Bool(3), At: row.Instant(4),
                Number: row.Int64(5)), ct)).ToDictionary(static service => service.Node);
        var zones = new Dictionary<string, string>();
        foreach (var (host, zone) in await ListZonesAsync(tx, ct))
            zones.TryAdd(host, zone);

        return [.. nodes.All.OrderBy(static node => node.HostName, StringComparer.Ordinal).Select(node =>
        {
            var zone = zones.GetValueOrDefault(node.HostName, DefaultZone);
            return services.TryGetValue(node.Id, out var service)
                ? new ComputeHost(service.Number, node, zone, service.Disabled, service.Reason, service.Forced, service.At)
                : new ComputeHost(0, node, zone, false, null, false, null);
        })];
    }

    private static Task<List<(string Host, string Zone)>> ListZonesAsync(Session tx, CancellationToken ct) => tx.ListAsync(
        """
        SELECT h.host_name, m.value FROM aggregate_hosts h JOIN aggregate_metadata m ON m.aggregate_number = h.aggregate_number
        WHERE m.name = 'availability_zone' ORDER BY h.aggregate_number
        """,
        static row => (row.String(0), row.String(1)), ct);
}
