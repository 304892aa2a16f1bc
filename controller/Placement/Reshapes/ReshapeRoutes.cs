using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Placement.Allocations;
using Appliance.Controller.Placement.Inventories;
using Appliance.Controller.Placement.Providers;
using static Appliance.Controller.Placement.PlacementHandlers;

namespace Appliance.Controller.Placement.Reshapes;

/// <summary>
/// Placement API: "Reshaper": inventories move between providers together with what is allocated of them. Behaviour:
/// placement/handlers/reshaper.py, placement/objects/reshaper.py.
/// </summary>
internal sealed class ReshapeRoutes(Database database, AllocationWriter writer, PlacementChanges changes, TimeProvider clock)
{
    private static readonly VersionedSchema Allocations = AllocationSchemas.ManyOf(least: 0);

    private static readonly VersionedSchema Body = new(
        (PlacementVersions.Min, Of(PlacementVersions.Reshaper)),
        (PlacementVersions.Mappings, Of(PlacementVersions.Mappings)),
        (PlacementVersions.ConsumerType, Of(PlacementVersions.ConsumerType)));

    public void Map(ApiRoutes root) =>
        root.Post("/reshaper", Taking(ReshapeAsync, PlacementVersions.Reshaper)).Allow("placement:reshaper:reshape");

    private async Task<ApiResult> ReshapeAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(Body.Of(request.Version), ct)).Failed(out var bad, out var body))
            return bad;
        var allocations = AllocationReader.ReadMany(body.GetProperty("allocations"));
        var fault = await database.TryWriteAsync(async (tx, token) =>
        {
            if ((await ReadAsync(tx, body.GetProperty("inventories"), token)).Failed(out var refused, out var inventories))
                return refused;
            return await ReplaceAsync(tx, request, inventories, allocations, token);
        }, ct);
        return fault is not null ? fault : ApiResult.NoContent;
    }

    private static async Task<Outcome<Dictionary<string, List<Inventory>>>> ReadAsync(Session tx, JsonElement wanted, CancellationToken ct)
    {
        var inventories = new Dictionary<string, List<Inventory>>();
        foreach (var (id, one) in wanted.Members())
        {
            if (await ProviderStore.FindAsync(tx, id, ct) is not { } provider)
                return PlacementFaults.Invalid(
                    $"Resource provider {id} in inventories not found: {PlacementRequest.NoProvider(id)}", PlacementFaults.ProviderNotFound);
            if (one.Int64OrNull("resource_provider_generation") is var seen && seen != provider.Generation)
                return PlacementFaults.Conflict(
                    $"resource provider generation conflict for provider {id}: actual: {provider.Generation}, given: {seen}",
                    PlacementFaults.ConcurrentUpdate);
            inventories[id] = InventoryBody.ReadAll(one, out var badName);
            if ((badName ?? await InventoryReplacement.UnknownClassAsync(tx, inventories[id], ct)) is { } unknown)
                return PlacementFaults.Invalid($"malformed reshaper data: No such resource class {unknown}.");
        }

        return inventories;
    }

    // First every provider has what it had and what it gets, so that allocations can move; then what is left over goes.
    private async Task<Fault?> ReplaceAsync(
        Session tx, ApiRequest request, Dictionary<string, List<Inventory>> inventories, List<WantedAllocations> allocations, CancellationToken ct)
    {
        foreach (var (id, wanted) in inventories)
        {
            foreach (var inventory in wanted)
                await InventoryStore.PutAsync(tx, id, inventory, ct);
            if (wanted.Count > 0)
                await ProviderStore.BumpAsync(tx, id, clock.GetUtcNow(), ct);
        }

        if (await writer.ReplaceAsync(tx, request, allocations, static why => $"malformed reshaper data: {why}", ct) is { } refused)
            return refused;
        foreach (var (id, wanted) in inventories)
        {
            if (await InventoryReplacement.ApplyAsync(tx, id, wanted, ct) is { } inUse)
                return PlacementFaults.Conflict($"update conflict: {inUse}", PlacementFaults.InventoryInUse);
            await ProviderStore.BumpAsync(tx, id, clock.GetUtcNow(), ct);
            await changes.AppendAsync(tx, request, PlacementChanges.Provider, id, "reshape", ct);
        }

        return null;
    }

    private static JsonSchema Of(Microversion version) => JsonSchema.Object.Closed()
        .Required("inventories", JsonSchema.Object.Closed().Properties(1).PatternProperty(PlacementIds.KeyPattern, InventoryBody.Replacement()))
        .Required("allocations", Allocations.Of(version));
}
