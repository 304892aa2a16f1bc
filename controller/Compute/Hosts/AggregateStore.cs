using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Hosts;

/// <summary>A named set of nodes with metadata; <c>availability_zone</c> in the metadata makes it a zone.</summary>
internal sealed record Aggregate(
    long Number, string Id, string Name, DateTimeOffset CreatedAt, DateTimeOffset? UpdatedAt, IReadOnlyList<string> Hosts,
    IReadOnlyDictionary<string, string> Metadata)
{
    public const string ZoneKey = "availability_zone";
    public string? Zone => Metadata.GetValueOrDefault(ZoneKey);
}

/// <summary>Rows of aggregates.</summary>
internal static class AggregateStore
{
    public static async Task<List<Aggregate>> ListAsync(Session tx, CancellationToken ct)
    {
        var hosts = (await tx.ListAsync("SELECT aggregate_number, host_name FROM aggregate_hosts ORDER BY host_name",
            static row => (Number: row.Int64(0), Host: row.String(1)), ct)).ToLookup(static row => row.Number, static row => row.Host);
        var metadata = (await tx.ListAsync("SELECT aggregate_number, name, value FROM aggregate_metadata ORDER BY name",
            static row => (Number: row.Int64(0), Name: row.String(1), Value: row.String(2)), ct)).ToLookup(static row => row.Number);
        return await tx.ListAsync("SELECT number, id, name, created_at, updated_at FROM aggregates ORDER BY number",
            row => new Aggregate(row.Int64(0), row.String(1), row.String(2), row.Instant(3), row.NullableInstant(4), [.. hosts[row.Int64(0)]],
                metadata[row.Int64(0)].ToDictionary(static item => item.Name, static item => item.Value)), ct);
    }

    public static async Task<Aggregate?> FindAsync(Session tx, long number, CancellationToken ct) =>
        (await ListAsync(tx, ct)).Find(aggregate => aggregate.Number == number);

    public static async Task<Outcome<long>> InsertAsync(Session tx, string name, string? zone, DateTimeOffset now, CancellationToken ct)
    {
        if (await IsNameTakenAsync(tx, name, 0, ct))
            return NameTaken(name);
        var number = await tx.FindAsync(
            "INSERT INTO aggregates (id, name, created_at) VALUES (@id, @name, @now) RETURNING number", static row => row.Int64(0), ct,
            ("id", Guid.NewGuid().ToString()), ("name", name), ("now", now));
        if (zone is not null)
            await SetMetadataAsync(tx, number, Aggregate.ZoneKey, zone, ct);
        return number;
    }

    public static async Task<Fault?> RenameAsync(Session tx, long number, string name, CancellationToken ct)
    {
        if (await IsNameTakenAsync(tx, name, number, ct))
            return NameTaken(name);
        await tx.ExecuteAsync("UPDATE aggregates SET name = @name WHERE number = @number", ct, ("number", number), ("name", name));
        return null;
    }

    /// <param name="value">Null: takes the item away.</param>
    public static Task SetMetadataAsync(Session tx, long number, string name, string? value, CancellationToken ct) => value is null
        ? tx.ExecuteAsync("DELETE FROM aggregate_metadata WHERE aggregate_number = @number AND name = @name", ct, ("number", number), ("name", name))
        : tx.ExecuteAsync(
            """
            INSERT INTO aggregate_metadata (aggregate_number, name, value) VALUES (@number, @name, @value)
            ON CONFLICT (aggregate_number, name) DO UPDATE SET value = excluded.value
            """,
            ct, ("number", number), ("name", name), ("value", value));

    public static Task TouchAsync(Session tx, long number, DateTimeOffset now, CancellationToken ct) =>
        tx.ExecuteAsync("UPDATE aggregates SET updated_at = @now WHERE number = @number", ct, ("number", number), ("now", now));

    public static Task AddHostAsync(Session tx, long number, string host, CancellationToken ct) => tx.ExecuteAsync(
        "INSERT INTO aggregate_hosts (aggregate_number, host_name) VALUES (@number, @host)", ct, ("number", number), ("host", host));

    public static Task RemoveHostAsync(Session tx, long number, string host, CancellationToken ct) => tx.ExecuteAsync(
        "DELETE FROM aggregate_hosts WHERE aggregate_number = @number AND host_name = @host", ct, ("number", number), ("host", host));

    public static Task DeleteAsync(Session tx, long number, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM aggregates WHERE number = @number", ct, ("number", number));

    private static async Task<bool> IsNameTakenAsync(Session tx, string name, long exceptNumber, CancellationToken ct) =>
        await tx.CountAsync("SELECT COUNT(*) FROM aggregates WHERE name = @name AND number <> @number", ct, ("name", name), ("number", exceptNumber)) > 0;

    private static Fault NameTaken(string name) => ComputeFaults.Conflict($"Aggregate {name} already exists.");
}
