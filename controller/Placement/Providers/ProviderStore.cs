using Appliance.Controller.Data;

namespace Appliance.Controller.Placement.Providers;

/// <summary>Rows of resource providers and of what belongs to one.</summary>
internal static class ProviderStore
{
    private const string Columns = "id, name, generation, parent_id, root_id, updated_at";

    public static Task<List<ResourceProvider>> ListAsync(Session tx, CancellationToken ct) =>
        tx.ListAsync($"SELECT {Columns} FROM placement_providers ORDER BY name", Map, ct);

    public static Task<ResourceProvider?> FindAsync(Session tx, string id, CancellationToken ct) =>
        tx.FindAsync($"SELECT {Columns} FROM placement_providers WHERE id = @id", Map, ct, ("id", id));

    public static Task<ResourceProvider?> FindByNameAsync(Session tx, string name, CancellationToken ct) =>
        tx.FindAsync($"SELECT {Columns} FROM placement_providers WHERE name = @name", Map, ct, ("name", name));

    public static Task InsertAsync(Session tx, ResourceProvider provider, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO placement_providers (id, name, generation, parent_id, root_id, created_at, updated_at)
        VALUES (@id, @name, @generation, @parent, @root, @now, @now)
        """,
        ct, ("id", provider.Id), ("name", provider.Name), ("generation", provider.Generation), ("parent", provider.ParentId),
        ("root", provider.RootId), ("now", provider.UpdatedAt));

    public static Task UpdateAsync(Session tx, ResourceProvider provider, CancellationToken ct) => tx.ExecuteAsync(
        "UPDATE placement_providers SET name = @name, parent_id = @parent, updated_at = @now WHERE id = @id",
        ct, ("id", provider.Id), ("name", provider.Name), ("parent", provider.ParentId), ("now", provider.UpdatedAt));

    public static async Task SetRootAsync(Session tx, IEnumerable<ResourceProvider> subtree, string rootId, CancellationToken ct)
    {
        foreach (var provider in subtree)
            await tx.ExecuteAsync("UPDATE placement_providers SET root_id = @root WHERE id = @id", ct, ("id", provider.Id), ("root", rootId));
    }

    /// <summary>The provider and all below it.</summary>
    public static async Task<List<ResourceProvider>> ListSubtreeAsync(Session tx, ResourceProvider top, CancellationToken ct)
    {
        var children = (await tx.ListAsync($"SELECT {Columns} FROM placement_providers WHERE root_id = @root", Map, ct, ("root", top.RootId)))
            .ToLookup(static provider => provider.ParentId ?? "");
        List<ResourceProvider> subtree = [top];
        for (var i = 0; i < subtree.Count; i++)
            subtree.AddRange(children[subtree[i].Id]);
        return subtree;
    }

    /// <summary>The next generation, after a change of what the provider has.</summary>
    public static Task<long> BumpAsync(Session tx, string id, DateTimeOffset now, CancellationToken ct) => tx.FindAsync(
        "UPDATE placement_providers SET generation = generation + 1, updated_at = @now WHERE id = @id RETURNING generation",
        static row => row.Int64(0), ct, ("id", id), ("now", now));

    public static Task DeleteAsync(Session tx, string id, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM placement_providers WHERE id = @id", ct, ("id", id));

    public static async Task<bool> HasChildrenAsync(Session tx, string id, CancellationToken ct) =>
        await tx.CountAsync("SELECT COUNT(*) FROM placement_providers WHERE parent_id = @id", ct, ("id", id)) > 0;

    public static async Task<bool> IsUsedAsync(Session tx, string id, CancellationToken ct) => await tx.CountAsync(
        "SELECT COUNT(*) FROM placement_allocations WHERE provider_id = @id", ct, ("id", id)) > 0;

    public static Task<List<string>> ListTraitsAsync(Session tx, string id, CancellationToken ct) => tx.ListAsync(
        "SELECT trait FROM placement_provider_traits WHERE provider_id = @id ORDER BY trait", static row => row.String(0), ct, ("id", id));

    public static async Task SetTraitsAsync(Session tx, string id, IEnumerable<string> traits, CancellationToken ct)
    {
        await tx.ExecuteAsync("DELETE FROM placement_provider_traits WHERE provider_id = @id", ct, ("id", id));
        foreach (var trait in traits.Distinct())
            await tx.ExecuteAsync("INSERT INTO placement_provider_traits (provider_id, trait) VALUES (@id, @trait)", ct, ("id", id), ("trait", trait));
    }

    public static Task<List<string>> ListAggregatesAsync(Session tx, string id, CancellationToken ct) => tx.ListAsync(
        "SELECT aggregate_id FROM placement_provider_aggregates WHERE provider_id = @id ORDER BY aggregate_id",
        static row => row.String(0), ct, ("id", id));

    public static async Task SetAggregatesAsync(Session tx, string id, IEnumerable<string> aggregates, CancellationToken ct)
    {
        await tx.ExecuteAsync("DELETE FROM placement_provider_aggregates WHERE provider_id = @id", ct, ("id", id));
        foreach (var aggregate in aggregates.Distinct())
            await tx.ExecuteAsync("INSERT INTO placement_provider_aggregates (provider_id, aggregate_id) VALUES (@id, @aggregate)",
                ct, ("id", id), ("aggregate", aggregate));
    }

    private static ResourceProvider Map(Row row) => new(row.String(0), row.String(1), row.Int64(2), row.NullableString(3), row.String(4), row.Instant(5));
}
