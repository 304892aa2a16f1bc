using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Placement.Classes;
using Appliance.Controller.Placement.Providers;
using static Appliance.Controller.Placement.PlacementHandlers;

namespace Appliance.Controller.Placement.Inventories;

/// <summary>Placement API: "Resource provider inventories". Behaviour: placement/handlers/inventory.py.</summary>
internal sealed class InventoryRoutes(Database database, PlacementChanges changes, TimeProvider clock)
{
    private const string Policies = "placement:resource_providers:inventories:";

    private delegate Task<Fault?> Change(Session tx, string providerId, CancellationToken ct);

    public void Map(ApiRoutes root)
    {
        var inventories = root.Group("/resource_providers/{uuid}/inventories");
        inventories.Get("", Showing(ListAsync)).Allow(Policies + "list");
        inventories.Post("", Taking(CreateAsync)).Allow(Policies + "create");
        inventories.Put("", Taking(ReplaceAsync)).Allow(Policies + "update");
        inventories.Delete("", Plain(DeleteAllAsync)).Allow(Policies + "delete");
        inventories.Get("/{resource_class}", Showing(ShowAsync)).Allow(Policies + "show");
        inventories.Put("/{resource_class}", Taking(UpdateAsync)).Allow(Policies + "update");
        inventories.Delete("/{resource_class}", Plain(DeleteAsync)).Allow(Policies + "delete");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var (provider, list) = await FindAsync(request, ct);
        return provider is null ? Missing(request) : InventoryView.List(request, provider.Generation, list, provider.UpdatedAt);
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var name = request.Path("resource_class");
        var (provider, list) = await FindAsync(request, ct);
        if (provider is null)
            return Missing(request);
        return list.Find(inventory => inventory.ResourceClass == name) is { } one
            ? InventoryView.Show(request, StatusCodes.Status200OK, provider.Generation, one, provider.UpdatedAt)
            : PlacementFaults.NotFound($"No inventory of class {name} for {provider.Id}");
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await ReadAsync(request, InventoryBody.One, ct)).Failed(out var bad, out var body))
            return bad;
        var inventory = InventoryBody.Read(body.StringOrNull("resource_class")!, body);
        var outcome = await ChangeAsync(request, null, async (tx, id, token) =>
        {
            var why = InventoryRules.CheckCapacity(id, [inventory], request.Has(PlacementVersions.ReservedIsTotal))
                ?? await UnknownClassAsync(tx, inventory.ResourceClass, token);
            if (why is not null)
                return PlacementFaults.Invalid($"Unable to create inventory for resource provider {id}: {why}");
            if ((await InventoryStore.ListAsync(tx, id, token)).Exists(present => present.ResourceClass == inventory.ResourceClass))
                return PlacementFaults.Conflict(
                    $"Update conflict: the provider has an inventory of {inventory.ResourceClass} already", PlacementFaults.ConcurrentUpdate);
            await InventoryStore.PutAsync(tx, id, inventory, token);
            return null;
        }, ct);
        return outcome.Failed(out var fault, out var generation) ? fault
            : InventoryView.Show(request, StatusCodes.Status201Created, generation, inventory, clock.GetUtcNow())
                .With("Location", $"{request.BaseUrl}/resource_providers/{request.Path("uuid")}/inventories/{inventory.ResourceClass}");
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await ReadAsync(request, InventoryBody.Update, ct)).Failed(out var bad, out var body))
            return bad;
        var inventory = InventoryBody.Read(request.Path("resource_class"), body);
        var outcome = await ChangeAsync(request, body, async (tx, id, token) =>
        {
            if (InventoryRules.CheckCapacity(id, [inventory], request.Has(PlacementVersions.ReservedIsTotal)) is { } why)
                return PlacementFaults.Invalid($"Unable to update inventory for resource provider {id}: {why}");
            if (await UnknownClassAsync(tx, inventory.ResourceClass, token) is { } unknown)
                return PlacementFaults.NotFound(unknown);
            if (!(await InventoryStore.ListAsync(tx, id, token)).Exists(present => present.ResourceClass == inventory.ResourceClass))
                return PlacementFaults.Invalid($"No inventory record with resource class for resource provider {id}: "
                    + $"No inventory of class {inventory.ResourceClass} found.");
            await InventoryStore.PutAsync(tx, id, inventory, token);
            return null;
        }, ct);
        return outcome.Failed(out var fault, out var generation)
            ? fault : InventoryView.Show(request, StatusCodes.Status200OK, generation, inventory, clock.GetUtcNow());
    }

    private async Task<ApiResult> ReplaceAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await ReadAsync(request, InventoryBody.All, ct)).Failed(out var bad, out var body))
            return bad;
        var wanted = InventoryBody.ReadAll(body, out var badName);
        var outcome = await ChangeAsync(request, body, async (tx, id, token) =>
        {
            if (InventoryRules.CheckCapacity(id, wanted, request.Has(PlacementVersions.ReservedIsTotal)) is { } why)
                return PlacementFaults.Invalid($"Unable to update inventory for resource provider {id}: {why}");
            var unknown = badName is null ? await InventoryReplacement.UnknownClassAsync(tx, wanted, token) : badName;
            if (unknown is not null)
                return PlacementFaults.Invalid($"Unknown resource class in inventory for resource provider {id}: No such resource class {unknown}.");
            return await InventoryReplacement.ApplyAsync(tx, id, wanted, token) is { } inUse
                ? PlacementFaults.Conflict($"update conflict: {inUse}", PlacementFaults.InventoryInUse) : null;
        }, ct);
        return outcome.Failed(out var fault, out var generation) ? fault : InventoryView.List(request, generation, wanted, clock.GetUtcNow());
    }

    private async Task<ApiResult> DeleteAllAsync(ApiRequest request, CancellationToken ct)
    {
        if (!request.Has(PlacementVersions.DeleteInventories))
            return new Fault(FaultKind.MethodNotAllowed, "The method specified is not allowed for this resource.");
        var outcome = await ChangeAsync(request, null, static async (tx, id, token) =>
            await InventoryReplacement.ApplyAsync(tx, id, [], token) is { } inUse
                ? PlacementFaults.Conflict(inUse, PlacementFaults.InventoryInUse) : null, ct);
        return outcome.Failed(out var fault, out _) ? fault : ApiResult.NoContent;
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var name = request.Path("resource_class");
        var outcome = await ChangeAsync(request, null, async (tx, id, token) =>
        {
            if (await UnknownClassAsync(tx, name, token) is { } unknown)
                return PlacementFaults.NotFound($"No inventory of class {name} found for delete: {unknown}");
            var present = (await InventoryStore.ListWithUseAsync(tx, id, token)).Find(row => row.Inventory.ResourceClass == name);
            if (present.Inventory is null)
                return PlacementFaults.NotFound($"No inventory of class {name} found for delete: No inventory of class {name} found for delete");
            // The real service calls this a concurrent update, too.
            if (present.Used > 0)
                return PlacementFaults.Conflict(
                    $"Unable to delete inventory of class {name}: {InventoryReplacement.InUse(id, [name])}", PlacementFaults.ConcurrentUpdate);
            await InventoryStore.DeleteAsync(tx, id, name, token);
            return null;
        }, ct);
        return outcome.Failed(out var fault, out _) ? fault : ApiResult.NoContent;
    }

    /// <param name="body">Says which generation the caller has seen; null: he does not say.</param>
    /// <returns>The new generation.</returns>
    private Task<Outcome<long>> ChangeAsync(ApiRequest request, JsonElement? body, Change change, CancellationToken ct) =>
        database.TryWriteAsync<long>(async (tx, token) =>
        {
            var id = request.Path("uuid");
            if (await ProviderStore.FindAsync(tx, id, token) is not { } provider)
                return PlacementFaults.NotFound(PlacementRequest.NoProvider(id));
            if (body?.Int64OrNull("resource_provider_generation") is { } seen && seen != provider.Generation)
                return PlacementFaults.Conflict("resource provider generation conflict", PlacementFaults.ConcurrentUpdate);
            if (await change(tx, id, token) is { } refused)
                return refused;
            await changes.AppendAsync(tx, request, PlacementChanges.Provider, id, "inventories", token);
            return await ProviderStore.BumpAsync(tx, id, clock.GetUtcNow(), token);
        }, ct);

    // That there is no such provider comes before what is wrong with the body.
    private async Task<Outcome<JsonElement>> ReadAsync(ApiRequest request, JsonSchema schema, CancellationToken ct) =>
        await database.ReadAsync((tx, token) => ProviderStore.FindAsync(tx, request.Path("uuid"), token), ct) is null
            ? PlacementFaults.NotFound(PlacementRequest.NoProvider(request.Path("uuid"))) : await request.ReadJsonAsync(schema, ct);

    private async Task<(ResourceProvider? Provider, List<Inventory> List)> FindAsync(ApiRequest request, CancellationToken ct) =>
        await database.ReadAsync(async (tx, token) => (
            await ProviderStore.FindAsync(tx, request.Path("uuid"), token), await InventoryStore.ListAsync(tx, request.Path("uuid"), token)), ct);

    private static async Task<string?> UnknownClassAsync(Session tx, string name, CancellationToken ct) =>
        await ResourceClassNames.ExistsAsync(tx, name, ct) ? null : $"No such resource class {name}.";

    private static Fault Missing(ApiRequest request)
    {
        var text = PlacementRequest.NoProvider(request.Path("uuid"));
        return PlacementFaults.NotFound($"{text} : {text}");
    }
}
