using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Placement.Providers;
using Appliance.Controller.Placement.Queries;
using static Appliance.Controller.Placement.PlacementHandlers;

namespace Appliance.Controller.Placement.Traits;

/// <summary>Placement API: "Traits" and "Resource provider traits". Behaviour: placement/handlers/trait.py.</summary>
internal sealed class TraitRoutes(Database database, PlacementChanges changes, TimeProvider clock)
{
    private const string Policies = "placement:traits:";
    private const string ProviderPolicies = "placement:resource_providers:traits:";

    private static readonly JsonSchema OfProvider = JsonSchema.Object.Closed()
        .Required("traits", JsonSchema.Array(JsonSchema.String(1, 255)))
        .Required("resource_provider_generation", JsonSchema.Integer());

    private static readonly JsonSchema ListQuery = JsonSchema.Object.Closed()
        .Property("name", JsonSchema.String()).Property("associated", JsonSchema.String());

    public void Map(ApiRoutes root)
    {
        var since = PlacementVersions.Traits;
        root.Get("/traits", Showing(ListAsync, since)).Allow(Policies + "list");
        root.Get("/traits/{name}", Plain(ShowAsync, since)).Allow(Policies + "show");
        root.Put("/traits/{name}", Plain(PutAsync, since)).Allow(Policies + "update");
        root.Delete("/traits/{name}", Plain(DeleteAsync, since)).Allow(Policies + "delete");
        root.Get("/resource_providers/{uuid}/traits", Showing(ListOfProviderAsync, since)).Allow(ProviderPolicies + "list");
        root.Put("/resource_providers/{uuid}/traits", Taking(ReplaceOfProviderAsync, since)).Allow(ProviderPolicies + "update");
        root.Delete("/resource_providers/{uuid}/traits", Plain(ClearOfProviderAsync, since)).Allow(ProviderPolicies + "delete");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (PlacementQuery.Read(request, ListQuery).Failed(out var bad, out var query))
            return bad;
        if (TraitFilter.Read(query).Failed(out var badFilter, out var filter))
            return badFilter;
        var names = await database.ReadAsync(async (tx, token) =>
            filter.Select(await TraitNames.ListAsync(tx, token), await TraitNames.ListUsedAsync(tx, token)), ct);
        return Answer(names, null).Fresh(request, clock.GetUtcNow());
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct) =>
        await database.ReadAsync((tx, token) => TraitNames.ExistsAsync(tx, request.Path("name"), token), ct)
            ? ApiResult.NoContent.Fresh(request, clock.GetUtcNow()) : Missing(request.Path("name"));

    private async Task<ApiResult> PutAsync(ApiRequest request, CancellationToken ct)
    {
        var name = request.Path("name");
        if (!TraitNames.IsCustom(name))
            return PlacementFaults.Invalid("The trait is invalid. A valid trait must be no longer than 255 characters, start with the prefix "
                + "\"CUSTOM_\" and use following characters: \"A\"-\"Z\", \"0\"-\"9\" and \"_\"");
        var isNew = await database.WriteAsync(async (tx, token) =>
        {
            var isInserted = await TraitNames.InsertAsync(tx, name, clock.GetUtcNow(), token);
            if (isInserted)
                await changes.AppendAsync(tx, request, PlacementChanges.Trait, name, "create", token);
            return isInserted;
        }, ct);
        return ApiResult.Status(isNew ? StatusCodes.Status201Created : StatusCodes.Status204NoContent)
            .With("Location", $"{request.BaseUrl}/traits/{name}").Fresh(request, clock.GetUtcNow());
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var name = request.Path("name");
        var fault = await database.TryWriteAsync(async (tx, token) =>
        {
            if (!await TraitNames.ExistsAsync(tx, name, token))
                return Missing(name);
            if (TraitNames.IsStandard(name))
                return PlacementFaults.Invalid($"Cannot delete standard trait {name}.");
            if ((await TraitNames.ListUsedAsync(tx, token)).Contains(name))
                return PlacementFaults.Conflict($"The trait {name} is in use by a resource provider.");
            await TraitNames.DeleteAsync(tx, name, token);
            await changes.AppendAsync(tx, request, PlacementChanges.Trait, name, "delete", token);
            return (Fault?)null;
        }, ct);
        return fault is not null ? fault : ApiResult.NoContent;
    }

    private async Task<ApiResult> ListOfProviderAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("uuid");
        var found = await database.ReadAsync(async (tx, token) => await ProviderStore.FindAsync(tx, id, token) is { } provider
            ? (provider, names: await ProviderStore.ListTraitsAsync(tx, id, token)) : default, ct);
        return found.provider is null
            ? PlacementFaults.NotFound($"{PlacementRequest.NoProvider(id)}: {PlacementRequest.NoProvider(id)}")
            : Answer(found.names, found.provider.Generation).Fresh(request, clock.GetUtcNow());
    }

    private async Task<ApiResult> ReplaceOfProviderAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(OfProvider, ct)).Failed(out var bad, out var body))
            return bad;
        var names = body.GetProperty("traits").EnumerateArray().Select(static name => name.GetString()!).Distinct().ToList();
        var outcome = await SetAsync(request, names, body.Int64OrNull("resource_provider_generation"), ct);
        return outcome.Failed(out var fault, out var generation) ? fault : Answer(names, generation).Fresh(request, clock.GetUtcNow());
    }

    private async Task<ApiResult> ClearOfProviderAsync(ApiRequest request, CancellationToken ct) =>
        (await SetAsync(request, [], null, ct)).Failed(out var fault, out _) ? fault : ApiResult.NoContent;

    // The generation stays when nothing changes.
    private Task<Outcome<long>> SetAsync(ApiRequest request, List<string> names, long? seen, CancellationToken ct) =>
        database.TryWriteAsync<long>(async (tx, token) =>
        {
            var id = request.Path("uuid");
            if (await ProviderStore.FindAsync(tx, id, token) is not { } provider)
                return PlacementFaults.NotFound(PlacementRequest.NoProvider(id));
            if (seen is { } generation && generation != provider.Generation)
                return PlacementRequest.StaleGeneration;
            var unknown = new List<string>();
            foreach (var name in names)
            {
                if (!await TraitNames.ExistsAsync(tx, name, token))
                    unknown.Add(name);
            }

            if (unknown.Count > 0)
                return PlacementFaults.Invalid($"No such trait {string.Join(", ", unknown)}");
            if ((await ProviderStore.ListTraitsAsync(tx, id, token)).ToHashSet().SetEquals(names))
                return provider.Generation;
            await ProviderStore.SetTraitsAsync(tx, id, names, token);
            await changes.AppendAsync(tx, request, PlacementChanges.Provider, id, "traits", token);
            return await ProviderStore.BumpAsync(tx, id, clock.GetUtcNow(), token);
        }, ct);

    private static Fault Missing(string name) => PlacementFaults.NotFound($"No such trait(s): {name}.");

    private static ApiResult Answer(List<string> names, long? generation) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("traits");
        foreach (var name in names)
            json.WriteStringValue(name);
        json.WriteEndArray();
        if (generation is { } value)
            json.WriteNumber("resource_provider_generation", value);
        json.WriteEndObject();
    });
}
