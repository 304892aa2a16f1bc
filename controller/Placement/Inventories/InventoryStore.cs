using Appliance.Controller.Data;

namespace Appliance.Controller.Placement.Inventories;

/// <summary>Rows of inventories.</summary>
internal static class InventoryStore
{
    private const string Select =
        """
        SELECT i.resource_class, i.total, i.reserved, i.min_unit, i.max_unit, i.step_size, i.allocation_ratio, i.provider_id,
            (SELECT SUM(a.used) FROM placement_allocations a WHERE a.provider_id = i.provider_id AND a.resource_class = i.resource_class)
        FROM placement_inventories i
        """;

    public static async Task<List<Inventory>> ListAsync(Session tx, string providerId, CancellationToken ct) =>
        (await ListWithUseAsync(tx, providerId, ct)).ConvertAll(static row => row.Inventory);

    /// <summary>What a provider has, each with the sum of its allocations.</summary>
    public static Task<List<(Inventory Inventory, long Used)>> ListWithUseAsync(Session tx, string providerId, CancellationToken ct) =>
        tx.ListAsync($"{Select} WHERE i.provider_id = @id ORDER BY i.resource_class", static row => (Map(row), row.NullableInt64(8) ?? 0),
            ct, ("id", providerId));

    /// <summary>What all providers have, by provider.</summary>
    public static async Task<ILookup<string, (Inventory Inventory, long Used)>> ListAllWithUseAsync(Session tx, CancellationToken ct) =>
        (await tx.ListAsync($"{Select} ORDER BY i.provider_id, i.resource_class",
            static row => (Provider: row.String(7), Row: (Map(row), row.NullableInt64(8) ?? 0)), ct))
        .ToLookup(static row => row.Provider, static row => row.Row);

    public static Task PutAsync(Session tx, string providerId, Inventory inventory, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO placement_inventories (provider_id, resource_class, total, reserved, min_unit, max_unit, step_size, allocation_ratio)
        VALUES (@id, @class, @total, @reserved, @min, @max, @step, @ratio)
        ON CONFLICT (provider_id, resource_class) DO UPDATE SET total = excluded.total, reserved = excluded.reserved,
            min_unit = excluded.min_unit, max_unit = excluded.max_unit, step_size = excluded.step_size, allocation_ratio = excluded.allocation_ratio
        """,
        ct, ("id", providerId), ("class", inventory.ResourceClass), ("total", inventory.Total), ("reserved", inventory.Reserved),
        ("min", inventory.MinUnit), ("max", inventory.MaxUnit), ("step", inventory.Step), ("ratio", inventory.Ratio));

    public static Task DeleteAsync(Session tx, string providerId, string resourceClass, CancellationToken ct) => tx.ExecuteAsync(
        "DELETE FROM placement_inventories WHERE provider_id = @id AND resource_class = @class", ct, ("id", providerId), ("class", resourceClass));

    private static Inventory Map(Row row) => new(row.String(0), row.Int64(1), row.Int64(2), row.Int64(3), row.Int64(4), row.Int64(5), row.Double(6));
}
