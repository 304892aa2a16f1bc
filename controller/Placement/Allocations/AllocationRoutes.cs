using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Placement.Providers;
using static Appliance.Controller.Placement.PlacementHandlers;

namespace Appliance.Controller.Placement.Allocations;

/// <summary>Placement API: "Allocations" and "Resource provider allocations". Behaviour: placement/handlers/allocation.py.</summary>
internal sealed class AllocationRoutes(Database database, AllocationWriter writer, PlacementChanges changes, TimeProvider clock)
{
    private const string Policies = "placement:allocations:";

    public void Map(ApiRoutes root)
    {
        root.Post("/allocations", Taking(ManageAsync, PlacementVersions.ManyAllocations)).Allow(Policies + "manage");
        root.Get("/allocations/{consumer_uuid}", Showing(ShowAsync)).Allow(Policies + "list");
        root.Put("/allocations/{consumer_uuid}", Taking(PutAsync)).Allow(Policies + "update");
        root.Delete("/allocations/{consumer_uuid}", Plain(DeleteAsync)).Allow(Policies + "delete");
        root.Get("/resource_providers/{uuid}/allocations", Showing(ListOfProviderAsync)).Allow("placement:resource_providers:allocations:list");
    }

    // A consumer nobody knows holds nothing, which is no error.
    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("consumer_uuid");
        var (rows, consumer) = await database.ReadAsync(async (tx, token) => (
            await AllocationStore.ListOfConsumerAsync(tx, id, token), await ConsumerStore.FindAsync(tx, id, token)), ct);
        return AllocationView.OfConsumer(request, rows.Count > 0 ? consumer : null, rows, clock.GetUtcNow());
    }

    private async Task<ApiResult> ListOfProviderAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("uuid");
        var (provider, rows, consumers) = await database.ReadAsync(async (tx, token) => (
            await ProviderStore.FindAsync(tx, id, token), await AllocationStore.ListOfProviderAsync(tx, id, token),
            (await ConsumerStore.ListOfProviderAsync(tx, id, token)).ToDictionary(static consumer => consumer.Id)), ct);
        return provider is null
            ? PlacementFaults.NotFound($"Resource provider '{id}' not found: {PlacementRequest.NoProvider(id)}")
            : AllocationView.OfProvider(request, provider.Generation, consumers, rows, clock.GetUtcNow());
    }

    private async Task<ApiResult> PutAsync(ApiRequest request, CancellationToken ct)
    {
        if (PlacementIds.Find(request.Path("consumer_uuid")) is not { } id)
            return PlacementFaults.Invalid($"Malformed consumer_uuid: {request.Path("consumer_uuid")}");
        if ((await request.ReadJsonAsync(AllocationSchemas.One.Of(request.Version), ct)).Failed(out var bad, out var body))
            return bad;
        return await ReplaceAsync(request, [AllocationReader.ReadOne(id, body)],
            why => $"Unable to allocate inventory for consumer {id}: {why}", ct);
    }

    private async Task<ApiResult> ManageAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(AllocationSchemas.Many.Of(request.Version), ct)).Failed(out var bad, out var body))
            return bad;
        return await ReplaceAsync(request, AllocationReader.ReadMany(body), static why => $"Unable to allocate inventory {why}", ct);
    }

    private async Task<ApiResult> ReplaceAsync(
        ApiRequest request, List<WantedAllocations> wanted, Func<string, string> unknownClass, CancellationToken ct)
    {
        var fault = await database.TryWriteAsync((tx, token) => writer.ReplaceAsync(tx, request, wanted, unknownClass, token), ct);
        return fault is not null ? fault : ApiResult.NoContent;
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("consumer_uuid");
        var isGone = await database.WriteAsync(async (tx, token) =>
        {
            var consumer = await ConsumerStore.FindAsync(tx, id, token);
            var rows = await AllocationStore.DeleteOfConsumerAsync(tx, id, token);
            await ConsumerStore.DeleteAsync(tx, id, token);
            if (rows > 0)
                await changes.AppendAsync(tx, request, PlacementChanges.Allocation, id, "delete", token, consumer?.ProjectId);
            return rows > 0;
        }, ct);
        return isGone ? ApiResult.NoContent : PlacementFaults.NotFound($"No allocations for consumer '{id}'");
    }
}
