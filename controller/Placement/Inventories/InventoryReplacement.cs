using Appliance.Controller.Data;
using Appliance.Controller.Placement.Classes;

namespace Appliance.Controller.Placement.Inventories;

/// <summary>Puts all inventories of a provider in place of those it has.</summary>
internal static class InventoryReplacement
{
    /// <summary>The first class that does not exist; null: all do.</summary>
    public static async Task<string?> UnknownClassAsync(Session tx, IEnumerable<Inventory> wanted, CancellationToken ct)
    {
        foreach (var inventory in wanted)
        {
            if (!await ResourceClassNames.ExistsAsync(tx, inventory.ResourceClass, ct))
                return inventory.ResourceClass;
        }

        return null;
    }

    /// <summary>Null when done; else why not: something that would go is in use. Amounts may fall below what is in use.</summary>
    public static async Task<string?> ApplyAsync(Session tx, string providerId, IReadOnlyCollection<Inventory> wanted, CancellationToken ct)
    {
        var names = wanted.Select(static inventory => inventory.ResourceClass).ToHashSet();
        var gone = (await InventoryStore.ListWithUseAsync(tx, providerId, ct)).FindAll(row => !names.Contains(row.Inventory.ResourceClass));
        if (gone.Exists(static row => row.Used > 0))
            return InUse(providerId, gone.Where(static row => row.Used > 0).Select(static row => row.Inventory.ResourceClass));
        foreach (var (inventory, _) in gone)
            await InventoryStore.DeleteAsync(tx, providerId, inventory.ResourceClass, ct);
        foreach (var inventory in wanted)
            await InventoryStore.PutAsync(tx, providerId, inventory, ct);
        return null;
    }

    public static string InUse(string providerId, IEnumerable<string> classes) =>
        $"Inventory for '{string.Join(", ", classes.OrderBy(ResourceClasses.OrderOf))}' on resource provider '{providerId}' in use.";
}
