using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Placement.Inventories;
using Appliance.Controller.Placement.Providers;
using Appliance.Controller.Placement.Queries;
using static Appliance.Controller.Placement.PlacementHandlers;

namespace Appliance.Controller.Placement.Usages;

/// <summary>Placement API: "Usages" and "Resource provider usages". Behaviour: placement/handlers/usage.py.</summary>
internal sealed class UsageRoutes(Database database, TimeProvider clock)
{
    private static readonly VersionedSchema Query = new(
        (PlacementVersions.Min, OfProject()),
        (PlacementVersions.ConsumerType, OfProject().Property("consumer_type", JsonSchema.String(1, 255).Pattern("^[A-Z0-9_]+$|^all|^unknown$"))));

    public void Map(ApiRoutes root)
    {
        root.Get("/resource_providers/{uuid}/usages", Showing(ListOfProviderAsync)).Allow("placement:resource_providers:usages");
        root.Get("/usages", Showing(ListAsync, PlacementVersions.Usages)).Allow("placement:usages", FindProject);
    }

    private async Task<ApiResult> ListOfProviderAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("uuid");
        var (provider, rows) = await database.ReadAsync(async (tx, token) => (
            await ProviderStore.FindAsync(tx, id, token), await InventoryStore.ListWithUseAsync(tx, id, token)), ct);
        return provider is null
            ? PlacementFaults.NotFound($"{PlacementRequest.NoProvider(id)}: {PlacementRequest.NoProvider(id)}")
            : UsageView.OfProvider(provider.Generation, rows).Fresh(request, clock.GetUtcNow());
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (PlacementQuery.Read(request, Query.Of(request.Version)).Failed(out var bad, out var query))
            return bad;
        var (project, user) = (query.Last("project_id")!, query.Last("user_id"));
        var (uses, counts) = await database.ReadAsync(async (tx, token) => (
            await UsageStore.ListAsync(tx, project, user, token), await UsageStore.CountConsumersAsync(tx, project, user, token)), ct);
        var answer = request.Has(PlacementVersions.ConsumerType)
            ? UsageView.ByType(uses, counts, query.Last("consumer_type")) : UsageView.OfProject(uses);
        return answer.Fresh(request, clock.GetUtcNow());
    }

    // Members of a project may ask what it uses.
    private static ValueTask<PolicyTarget> FindProject(ApiRequest request, CancellationToken ct) =>
        ValueTask.FromResult(new PolicyTarget(request.QueryValue("project_id")));

    private static JsonSchema OfProject() => JsonSchema.Object.Closed()
        .Required("project_id", JsonSchema.String(1, 255)).Property("user_id", JsonSchema.String(1, 255));
}
