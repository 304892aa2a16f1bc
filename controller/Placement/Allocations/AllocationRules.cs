using Appliance.Controller.Placement.Inventories;

namespace Appliance.Controller.Placement.Allocations;

/// <summary>Inventories of the providers that a change touches, with use before it and without what its consumers held.</summary>
/// <param name="Used">In use by others.</param>
/// <param name="UsedBefore">In use before the change, by all.</param>
internal sealed record TouchedInventory(string ProviderId, Inventory Inventory, long Used, long UsedBefore);

/// <summary>Whether allocations fit. Source: placement/objects/allocation.py, _check_capacity_exceeded.</summary>
internal static class AllocationRules
{
    /// <summary>Why not; null when all fit.</summary>
    public static string? Check(IReadOnlyList<TouchedInventory> inventories, IEnumerable<(string ProviderId, string ResourceClass, long Amount)> amounts)
    {
        var byPlace = inventories.ToDictionary(static row => (row.ProviderId, row.Inventory.ResourceClass));
        var sums = new Dictionary<(string, string), long>();
        foreach (var (provider, resourceClass, amount) in amounts)
        {
            var place = (provider, resourceClass);
            if (!byPlace.TryGetValue(place, out var row))
                return $"Inventory for '{resourceClass}' on resource provider '{provider}' invalid.";
            if (amount < row.Inventory.MinUnit || amount > row.Inventory.MaxUnit || amount % row.Inventory.Step != 0)
                return Refuse(place, "violate inventory constraints");
            var sum = sums[place] = sums.GetValueOrDefault(place) + amount;
            // Too much is let pass when it is no more than it was: inventories may shrink below their use, and then only giving back helps.
            if (row.Used + sum > row.Inventory.Capacity && row.Used + sum > row.UsedBefore)
                return Refuse(place, "exceed the capacity");
        }

        return null;
    }

    /// <summary>Whether a caller knows the state that he changes; null when he does.</summary>
    public static string? CheckGeneration(Consumer? consumer, long? seen)
    {
        if (consumer?.Generation == seen)
            return null;
        return consumer is null
            ? $"consumer generation conflict - expected null but got {seen}"
            : $"consumer generation conflict - expected {consumer.Generation} but got {(seen is { } value ? value : "None")}";
    }

    private static string Refuse((string Provider, string ResourceClass) place, string why) =>
        $"Unable to create allocation for '{place.ResourceClass}' on resource provider '{place.Provider}'. The requested amount would {why}.";
}
