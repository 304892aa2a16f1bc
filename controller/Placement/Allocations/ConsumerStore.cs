using Appliance.Controller.Data;

namespace Appliance.Controller.Placement.Allocations;

/// <summary>Rows of consumers. One that holds nothing has no row.</summary>
internal static class ConsumerStore
{
    private const string Columns = "c.id, c.project_id, c.user_id, c.generation, c.type, c.updated_at";

    public static Task<Consumer?> FindAsync(Session tx, string id, CancellationToken ct) =>
        tx.FindAsync($"SELECT {Columns} FROM placement_consumers c WHERE c.id = @id", Map, ct, ("id", id));

    /// <summary>Those who hold something on a provider.</summary>
    public static Task<List<Consumer>> ListOfProviderAsync(Session tx, string providerId, CancellationToken ct) => tx.ListAsync(
        $"SELECT {Columns} FROM placement_consumers c WHERE c.id IN (SELECT consumer_id FROM placement_allocations WHERE provider_id = @id)",
        Map, ct, ("id", providerId));

    /// <summary>Writes a consumer, new or not.</summary>
    public static Task PutAsync(Session tx, Consumer consumer, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO placement_consumers (id, project_id, user_id, generation, type, created_at, updated_at)
        VALUES (@id, @project, @user, @generation, @type, @now, @now)
        ON CONFLICT (id) DO UPDATE SET project_id = excluded.project_id, user_id = excluded.user_id, generation = excluded.generation,
            type = excluded.type, updated_at = excluded.updated_at
        """,
        ct, ("id", consumer.Id), ("project", consumer.ProjectId), ("user", consumer.UserId), ("generation", consumer.Generation),
        ("type", consumer.Type), ("now", consumer.UpdatedAt));

    public static Task DeleteAsync(Session tx, string id, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM placement_consumers WHERE id = @id", ct, ("id", id));

    private static Consumer Map(Row row) =>
        new(row.String(0), row.String(1), row.String(2), row.Int64(3), row.NullableString(4), row.Instant(5));
}
