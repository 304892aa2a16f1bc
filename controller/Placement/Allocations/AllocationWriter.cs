using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Placement.Classes;
using Appliance.Controller.Placement.Inventories;
using Appliance.Controller.Placement.Providers;

namespace Appliance.Controller.Placement.Allocations;

/// <summary>
/// Gives consumers exactly what is wanted for them, or nothing of it when something does not fit. All is given back first, so consumers can
/// trade places. Source: placement/objects/allocation.py, replace_all; placement/handlers/util.py, ensure_consumer.
/// </summary>
internal sealed class AllocationWriter(PlacementChanges changes, TimeProvider clock)
{
    // What the real service calls owners of allocations written before it asked (placement.conf, incomplete_consumer_project_id).
    private const string UnknownOwner = "00000000-0000-0000-0000-000000000000";

    /// <param name="unknownClass">How the caller words that there is no such class, before the words for it.</param>
    public async Task<Fault?> ReplaceAsync(
        Session tx, ApiRequest request, IReadOnlyList<WantedAllocations> all, Func<string, string> unknownClass, CancellationToken ct)
    {
        if (await CheckConsumersAsync(tx, all, request.Version, ct) is { } stale)
            return stale;
        var formerProviders = new HashSet<string>();
        foreach (var wanted in all.Where(static wanted => wanted.Amounts.Count == 0))
            formerProviders.UnionWith((await AllocationStore.ListOfConsumerAsync(tx, wanted.ConsumerId, ct)).Select(static row => row.ProviderId));
        var amounts = all.SelectMany(static wanted => wanted.Amounts).ToList();
        if (await CheckNamesAsync(tx, amounts, unknownClass, ct) is { } unknown)
            return unknown;

        var touched = await GiveBackAsync(tx, all, amounts, ct);
        if (AllocationRules.Check(touched, amounts) is { } refused)
            return PlacementFaults.Conflict($"Unable to allocate inventory: {refused}");
        foreach (var wanted in all)
            await WriteAsync(tx, request, wanted, ct);
        foreach (var provider in formerProviders.Union(amounts.Select(static amount => amount.ProviderId)))
            await ProviderStore.BumpAsync(tx, provider, clock.GetUtcNow(), ct);
        return null;
    }

    private static async Task<Fault?> CheckConsumersAsync(Session tx, IReadOnlyList<WantedAllocations> all, Microversion version, CancellationToken ct)
    {
        if (version < PlacementVersions.ConsumerGeneration)
            return null;
        foreach (var wanted in all)
        {
            if (AllocationRules.CheckGeneration(await ConsumerStore.FindAsync(tx, wanted.ConsumerId, ct), wanted.Generation) is { } conflict)
                return PlacementFaults.Conflict(conflict, PlacementFaults.ConcurrentUpdate);
        }

        return null;
    }

    private static async Task<Fault?> CheckNamesAsync(
        Session tx, IReadOnlyList<(string ProviderId, string ResourceClass, long Amount)> amounts, Func<string, string> unknownClass, CancellationToken ct)
    {
        foreach (var id in amounts.Select(static amount => amount.ProviderId).Distinct())
        {
            if (await ProviderStore.FindAsync(tx, id, ct) is null)
                return PlacementFaults.Invalid($"Allocation for resource provider '{id}' that does not exist.");
        }

        foreach (var name in amounts.Select(static amount => amount.ResourceClass).Distinct())
        {
            if (!await ResourceClassNames.ExistsAsync(tx, name, ct))
                return PlacementFaults.Invalid(unknownClass($"No such resource class {name}."));
        }

        return null;
    }

    private static async Task<List<TouchedInventory>> GiveBackAsync(
        Session tx, IReadOnlyList<WantedAllocations> all, IReadOnlyList<(string ProviderId, string ResourceClass, long Amount)> amounts, CancellationToken ct)
    {
        var providers = amounts.Select(static amount => amount.ProviderId).Distinct().ToList();
        var before = new Dictionary<(string, string), long>();
        foreach (var provider in providers)
        {
            foreach (var (inventory, used) in await InventoryStore.ListWithUseAsync(tx, provider, ct))
                before[(provider, inventory.ResourceClass)] = used;
        }

        foreach (var wanted in all)
            await AllocationStore.DeleteOfConsumerAsync(tx, wanted.ConsumerId, ct);
        var touched = new List<TouchedInventory>();
        foreach (var provider in providers)
        {
            foreach (var (inventory, used) in await InventoryStore.ListWithUseAsync(tx, provider, ct))
                touched.Add(new TouchedInventory(provider, inventory, used, before[(provider, inventory.ResourceClass)]));
        }

        return touched;
    }

    private async Task WriteAsync(Session tx, ApiRequest request, WantedAllocations wanted, CancellationToken ct)
    {
        await changes.AppendAsync(tx, request, PlacementChanges.Allocation, wanted.ConsumerId,
            wanted.Amounts.Count == 0 ? "delete" : "update", ct, wanted.ProjectId);
        if (wanted.Amounts.Count == 0)
        {
            await ConsumerStore.DeleteAsync(tx, wanted.ConsumerId, ct);
            return;
        }

        var former = await ConsumerStore.FindAsync(tx, wanted.ConsumerId, ct);
        await ConsumerStore.PutAsync(tx, new Consumer(
            wanted.ConsumerId, wanted.ProjectId ?? UnknownOwner, wanted.UserId ?? UnknownOwner, (former?.Generation ?? 0) + 1,
            wanted.Type ?? former?.Type, clock.GetUtcNow()), ct);
        foreach (var (provider, resourceClass, amount) in wanted.Amounts)
            await AllocationStore.InsertAsync(tx, wanted.ConsumerId, provider, resourceClass, amount, ct);
    }
}
