using Appliance.Controller.Data;

namespace Appliance.Controller.Placement.Providers;

/// <summary>Reads providers with inventories, use and traits: three queries whatever their number.</summary>
internal static class ProviderStates
{
    private static readonly IReadOnlySet<string> NoTraits = new HashSet<string>();

    public static async Task<List<ProviderState>> ListAsync(Session tx, CancellationToken ct)
    {
        var providers = await tx.ListAsync("SELECT id, name FROM placement_providers ORDER BY name",
            static row => (Id: row.String(0), Name: row.String(1)), ct);
        var inventories = (await tx.ListAsync(
            """
            SELECT i.provider_id, i.resource_class, i.total, i.reserved, i.min_unit, i.max_unit, i.step_size, i.allocation_ratio,
                   (SELECT SUM(a.used) FROM placement_allocations a WHERE a.provider_id = i.provider_id AND a.resource_class = i.resource_class)
            FROM placement_inventories i ORDER BY i.provider_id, i.resource_class
            """,
            static row => (Provider: row.String(0), Inventory: MapInventory(row), Used: row.NullableInt64(8) ?? 0), ct))
            .ToLookup(static row => row.Provider, static row => (row.Inventory, row.Used));
        var traits = (await tx.ListAsync("SELECT provider_id, trait FROM placement_provider_traits",
            static row => (Provider: row.String(0), Trait: row.String(1)), ct))
            .GroupBy(static row => row.Provider, static row => row.Trait)
            .ToDictionary(static group => group.Key, IReadOnlySet<string> (group) => group.ToHashSet());

        return [.. providers.Select(provider => new ProviderState(
            provider.Id, provider.Name, [.. inventories[provider.Id]], traits.GetValueOrDefault(provider.Id, NoTraits)))];
    }

    private static Inventory MapInventory(Row row) => new(
        row.String(1), row.Int64(2), row.Int64(3), row.Int64(4), row.Int64(5), row.Int64(6), row.Double(7));
}
