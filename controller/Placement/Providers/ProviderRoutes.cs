using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Placement.Queries;
using static Appliance.Controller.Placement.PlacementHandlers;

namespace Appliance.Controller.Placement.Providers;

/// <summary>Placement API: "Resource providers". Behaviour: placement/handlers/resource_provider.py.</summary>
internal sealed class ProviderRoutes(Database database, PlacementChanges changes, TimeProvider clock)
{
    private const string Policies = "placement:resource_providers:";

    public void Map(ApiRoutes root)
    {
        var providers = root.Group("/resource_providers");
        providers.Get("", Showing(ListAsync)).Allow(Policies + "list");
        providers.Post("", Taking(CreateAsync)).Allow(Policies + "create");
        providers.Get("/{uuid}", Showing(ShowAsync)).Allow(Policies + "show");
        providers.Put("/{uuid}", Taking(UpdateAsync)).Allow(Policies + "update");
        providers.Delete("/{uuid}", Plain(DeleteAsync)).Allow(Policies + "delete");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (PlacementQuery.Read(request, ProviderSchemas.List.Of(request.Version)).Failed(out var badQuery, out var query))
            return badQuery;
        if (FilterReader.Read(query, "", request.Version).Failed(out var badFilter, out var filter))
            return badFilter;
        var map = await database.ReadAsync(ProviderMap.LoadAsync, ct);
        if (map.FindUnknownTrait(filter) is { } trait)
            return PlacementFaults.Invalid($"Invalid trait(s) in \"required\" parameter: No such trait(s): {trait}.");
        if (map.FindUnknownClass(filter) is { } resourceClass)
            return PlacementFaults.Invalid($"Invalid resource class in resources parameter: No such resource class {resourceClass}.");

        // A tree nobody knows has no root: nothing matches.
        var tree = filter.InTree is null ? null : map.Find(filter.InTree)?.RootId ?? "";
        var (name, id) = (query.Last("name") ?? "", query.Last("uuid") ?? "");
        return ProviderView.List(request, [.. map.All
            .Where(provider => (name.Length == 0 || provider.Name == name) && (id.Length == 0 || provider.Id == id)
                && ProviderRules.Matches(provider, filter, tree))
            .Select(static provider => provider.Provider)], clock.GetUtcNow());
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("uuid");
        return await database.ReadAsync((tx, token) => ProviderStore.FindAsync(tx, id, token), ct) is { } provider
            ? ProviderView.Show(request, provider) : PlacementFaults.NotFound(PlacementRequest.NoProvider(id));
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ProviderSchemas.Create.Of(request.Version), ct)).Failed(out var bad, out var body))
            return bad;
        var id = body.StringOrNull("uuid") is { } given ? PlacementIds.Find(given)! : Guid.NewGuid().ToString();
        var (name, parentId) = (body.StringOrNull("name")!, body.StringOrNull("parent_provider_uuid"));
        var outcome = await database.TryWriteAsync((tx, token) => InsertAsync(tx, request, id, name, parentId, token), ct);
        if (outcome.Failed(out var fault, out var created))
            return fault;
        return (request.Has(PlacementVersions.CreatedProvider) ? ProviderView.Show(request, created) : ApiResult.Status(StatusCodes.Status201Created))
            .With("Location", $"{request.BaseUrl}/resource_providers/{id}");
    }

    private async Task<Outcome<ResourceProvider>> InsertAsync(
        Session tx, ApiRequest request, string id, string name, string? parentId, CancellationToken ct)
    {
        Fault Refused(string why) => PlacementFaults.Invalid(
            $"Unable to create resource provider \"{name}\", {id}: Object action create failed because: {why}");

        if (name.Length == 0)
            return Refused("name is required");
        if (parentId is not null && PlacementIds.Find(parentId) == id)
            return Refused("parent provider UUID cannot be same as UUID. Please set parent provider UUID to None if there is no parent.");
        var parent = parentId is null ? null : await ProviderStore.FindAsync(tx, parentId, ct);
        if (parentId is not null && parent is null)
            return Refused("parent provider UUID does not exist.");
        if (await ProviderStore.FindAsync(tx, id, ct) is not null)
            return Duplicate($"uuid: {id}");
        if (await ProviderStore.FindByNameAsync(tx, name, ct) is not null)
            return Duplicate($"name: {name}");

        var provider = new ResourceProvider(id, name, 0, parent?.Id, parent?.RootId ?? id, clock.GetUtcNow());
        await ProviderStore.InsertAsync(tx, provider, ct);
        await changes.AppendAsync(tx, request, PlacementChanges.Provider, id, "create", ct);
        return provider;
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if (await database.ReadAsync((tx, token) => ProviderStore.FindAsync(tx, request.Path("uuid"), token), ct) is null)
            return PlacementFaults.NotFound(PlacementRequest.NoProvider(request.Path("uuid")));
        if ((await request.ReadJsonAsync(ProviderSchemas.Update.Of(request.Version), ct)).Failed(out var bad, out var body))
            return bad;
        var outcome = await database.TryWriteAsync((tx, token) => UpdateAsync(tx, request, body, token), ct);
        return outcome.Failed(out var fault, out var updated) ? fault : ProviderView.Show(request, updated);
    }

    private async Task<Outcome<ResourceProvider>> UpdateAsync(Session tx, ApiRequest request, JsonElement body, CancellationToken ct)
    {
        var id = request.Path("uuid");
        if (await ProviderStore.FindAsync(tx, id, ct) is not { } provider)
            return PlacementFaults.NotFound(PlacementRequest.NoProvider(id));
        var name = body.StringOrNull("name")!;
        if (body.Has("parent_provider_uuid"))
        {
            var canMoveAgain = request.Has(PlacementVersions.Reparenting);
            if ((await MoveAsync(tx, provider, body.StringOrNull("parent_provider_uuid"), canMoveAgain, ct)).Failed(out var refused, out var moved))
                return refused;
            provider = moved;
        }

        if (await ProviderStore.FindByNameAsync(tx, name, ct) is { } other && other.Id != id)
            return Duplicate(name);
        var next = provider with { Name = name, UpdatedAt = clock.GetUtcNow() };
        await ProviderStore.UpdateAsync(tx, next, ct);
        await changes.AppendAsync(tx, request, PlacementChanges.Provider, id, "update", ct);
        return next;
    }

    private static async Task<Outcome<ResourceProvider>> MoveAsync(
        Session tx, ResourceProvider provider, string? parentId, bool canMoveAgain, CancellationToken ct)
    {
        Fault Refused(string why) => PlacementFaults.Invalid($"Unable to save resource provider {provider.Id}: {why}");

        var parent = parentId is null ? null : await ProviderStore.FindAsync(tx, parentId, ct);
        if (parentId is not null && parent is null)
            return Refused("Object action create failed because: parent provider UUID does not exist.");
        var subtree = await ProviderStore.ListSubtreeAsync(tx, provider, ct);
        if (ProviderRules.CheckMove(provider, parent, subtree.Exists(below => below.Id == parent?.Id), canMoveAgain) is { } why)
            return Refused(why);
        var moved = provider with { ParentId = parent?.Id, RootId = parent?.RootId ?? provider.Id };
        if (moved.RootId != provider.RootId)
            await ProviderStore.SetRootAsync(tx, subtree, moved.RootId, ct);
        return moved;
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("uuid");
        var fault = await database.TryWriteAsync(async (tx, token) =>
        {
            if (await ProviderStore.FindAsync(tx, id, token) is null)
                return PlacementFaults.NotFound($"No resource provider with uuid {id} found for delete");
            if (await ProviderStore.HasChildrenAsync(tx, id, token))
                return PlacementFaults.Conflict(
                    $"Unable to delete parent resource provider {id}: It has child resource providers.", PlacementFaults.CannotDeleteParent);
            if (await ProviderStore.IsUsedAsync(tx, id, token))
                return PlacementFaults.Conflict(
                    $"Unable to delete resource provider {id}: Resource provider has allocations.", PlacementFaults.ProviderInUse);
            await ProviderStore.DeleteAsync(tx, id, token);
            await changes.AppendAsync(tx, request, PlacementChanges.Provider, id, "delete", token);
            return (Fault?)null;
        }, ct);
        return fault is not null ? fault : ApiResult.NoContent;
    }

    private static Fault Duplicate(string what) =>
        PlacementFaults.Conflict($"Conflicting resource provider {what} already exists.", PlacementFaults.DuplicateName);
}
