using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Protocol;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Link;

/// <summary>A node as its row says.</summary>
/// <param name="Serial">Of its certificate; <paramref name="PreviousSerial"/> of the one before the last renewal.</param>
/// <param name="IsUp">Whether it was connected when that was last known.</param>
/// <param name="StoreId">Identity of the document store it last connected with.</param>
internal sealed record NodeRow(
    string Id, string HostName, string Serial, string? PreviousSerial, bool IsRevoked, bool IsUp, string? StoreId, NodeReport? Report,
    DateTimeOffset? LastSeenAt, DateTimeOffset EnrolledAt)
{
    /// <summary>Whether a certificate with this serial number is this node's.</summary>
    public bool Accepts(string serial) => !IsRevoked && (serial == Serial || serial == PreviousSerial);
}

/// <summary>Rows of the nodes.</summary>
internal static class NodeStore
{
    private const string Columns =
        "id, host_name, serial, previous_serial, is_revoked, is_up, store_id, report, last_seen_at, enrolled_at";

    public static Task<List<NodeRow>> ListAsync(Session tx, CancellationToken ct) =>
        tx.ListAsync($"SELECT {Columns} FROM nodes ORDER BY host_name", Map, ct);

    public static Task<NodeRow?> FindAsync(Session tx, string id, CancellationToken ct) =>
        tx.FindAsync($"SELECT {Columns} FROM nodes WHERE id = @id", Map, ct, ("id", id));

    public static Task<NodeRow?> FindByNameAsync(Session tx, string hostName, CancellationToken ct) =>
        tx.FindAsync($"SELECT {Columns} FROM nodes WHERE host_name = @name", Map, ct, ("name", hostName));

    public static Task InsertAsync(Session tx, NodeRow node, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO nodes (id, host_name, serial, previous_serial, is_revoked, is_up, enrolled_at)
        VALUES (@id, @name, @serial, NULL, 0, 0, @enrolled)
        """,
        ct, ("id", node.Id), ("name", node.HostName), ("serial", node.Serial), ("enrolled", node.EnrolledAt));

    public static Task SetSerialAsync(Session tx, string id, string serial, string? previous, CancellationToken ct) => tx.ExecuteAsync(
        "UPDATE nodes SET serial = @serial, previous_serial = @previous, is_revoked = 0 WHERE id = @id",
        ct, ("id", id), ("serial", serial), ("previous", previous));

    public static Task SetConnectedAsync(Session tx, string id, string storeId, NodeReport report, DateTimeOffset now, CancellationToken ct) =>
        tx.ExecuteAsync(
            "UPDATE nodes SET is_up = 1, store_id = @store, report = @report, last_seen_at = @now WHERE id = @id",
            ct, ("id", id), ("store", storeId), ("report", Serialize(report)), ("now", now));

    public static Task SetReportAsync(Session tx, string id, NodeReport report, CancellationToken ct) =>
        tx.ExecuteAsync("UPDATE nodes SET report = @report WHERE id = @id", ct, ("id", id), ("report", Serialize(report)));

    public static Task SetSeenAsync(Session tx, string id, bool isUp, DateTimeOffset lastSeenAt, CancellationToken ct) => tx.ExecuteAsync(
        "UPDATE nodes SET is_up = @up, last_seen_at = @seen WHERE id = @id", ct, ("id", id), ("up", isUp), ("seen", lastSeenAt));

    public static Task SetRevokedAsync(Session tx, string id, CancellationToken ct) =>
        tx.ExecuteAsync("UPDATE nodes SET is_revoked = 1, is_up = 0 WHERE id = @id", ct, ("id", id));

    private static string Serialize(NodeReport report) => JsonSerializer.Serialize(report, ProtocolJson.Default.NodeReport);

    private static NodeRow Map(Row row) => new(
        row.String(0), row.String(1), row.String(2), row.NullableString(3), row.Bool(4), row.Bool(5), row.NullableString(6),
        row.NullableString(7) is { } report ? JsonSerializer.Deserialize(report, ProtocolJson.Default.NodeReport) : null,
        row.NullableInstant(8), row.Instant(9));
}
