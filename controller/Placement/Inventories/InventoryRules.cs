namespace Appliance.Controller.Placement.Inventories;

/// <summary>Whether an inventory can be.</summary>
internal static class InventoryRules
{
    /// <summary>Why the first bad one cannot be; null when all can. Source: placement/handlers/inventory.py, _validate_inventory_capacity.</summary>
    /// <param name="canReserveAll">Nothing may be left; before version 1.26 something had to be.</param>
    public static string? CheckCapacity(string providerId, IEnumerable<Inventory> inventories, bool canReserveAll)
    {
        foreach (var inventory in inventories)
        {
            if (inventory.Capacity < 0 || (inventory.Capacity == 0 && !canReserveAll))
                return $"Invalid inventory for '{inventory.ResourceClass}' on resource provider '{providerId}'. "
                    + $"The reserved value is greater than {(canReserveAll ? "" : "or equal to ")}total.";
        }

        return null;
    }
}
