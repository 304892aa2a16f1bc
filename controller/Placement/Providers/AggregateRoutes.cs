using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using static Appliance.Controller.Placement.PlacementHandlers;

namespace Appliance.Controller.Placement.Providers;

/// <summary>Placement API: "Resource provider aggregates". Behaviour: placement/handlers/aggregate.py.</summary>
internal sealed class AggregateRoutes(Database database, PlacementChanges changes, TimeProvider clock)
{
    private const string Policies = "placement:resource_providers:aggregates:";

    private static readonly VersionedSchema Body = new(
        (PlacementVersions.Min, Ids()),
        (PlacementVersions.AggregateGeneration, JsonSchema.Object.Closed()
            .Required("aggregates", Ids()).Required("resource_provider_generation", JsonSchema.Integer())));

    public void Map(ApiRoutes root)
    {
        var aggregates = root.Group("/resource_providers/{uuid}/aggregates");
        aggregates.Get("", Showing(ListAsync, PlacementVersions.Aggregates)).Allow(Policies + "list");
        aggregates.Put("", Taking(ReplaceAsync, PlacementVersions.Aggregates)).Allow(Policies + "update");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("uuid");
        var found = await database.ReadAsync(async (tx, token) => await ProviderStore.FindAsync(tx, id, token) is { } provider
            ? (provider, ids: await ProviderStore.ListAggregatesAsync(tx, id, token)) : default, ct);
        return found.provider is null
            ? PlacementFaults.NotFound(PlacementRequest.NoProvider(id)) : Answer(request, found.provider.Generation, found.ids);
    }

    private async Task<ApiResult> ReplaceAsync(ApiRequest request, CancellationToken ct)
    {
        if (await database.ReadAsync((tx, token) => ProviderStore.FindAsync(tx, request.Path("uuid"), token), ct) is null)
            return PlacementFaults.NotFound(PlacementRequest.NoProvider(request.Path("uuid")));
        if ((await request.ReadJsonAsync(Body.Of(request.Version), ct)).Failed(out var bad, out var body))
            return bad;
        var hasGeneration = request.Has(PlacementVersions.AggregateGeneration);
        var ids = (hasGeneration ? body.GetProperty("aggregates") : body).EnumerateArray().Select(static item => item.GetString()!).ToList();
        var outcome = await database.TryWriteAsync<long>(async (tx, token) =>
        {
            var id = request.Path("uuid");
            if (await ProviderStore.FindAsync(tx, id, token) is not { } provider)
                return PlacementFaults.NotFound(PlacementRequest.NoProvider(id));
            if (hasGeneration && body.Int64OrNull("resource_provider_generation") != provider.Generation)
                return PlacementRequest.StaleGeneration;
            await ProviderStore.SetAggregatesAsync(tx, id, ids, token);
            await changes.AppendAsync(tx, request, PlacementChanges.Provider, id, "aggregates", token);
            return hasGeneration ? await ProviderStore.BumpAsync(tx, id, clock.GetUtcNow(), token) : provider.Generation;
        }, ct);
        return outcome.Failed(out var fault, out var generation) ? fault : Answer(request, generation, ids);
    }

    private ApiResult Answer(ApiRequest request, long generation, List<string> ids) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("aggregates");
        foreach (var id in ids)
            json.WriteStringValue(id);
        json.WriteEndArray();
        if (request.Has(PlacementVersions.AggregateGeneration))
            json.WriteNumber("resource_provider_generation", generation);
        json.WriteEndObject();
    }).Fresh(request, clock.GetUtcNow());

    private static JsonSchema Ids() => JsonSchema.Array(PlacementIds.Schema).Unique();
}
