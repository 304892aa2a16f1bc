using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Placement.Providers;
using Appliance.Controller.Placement.Queries;
using static Appliance.Controller.Placement.PlacementHandlers;

namespace Appliance.Controller.Placement.Candidates;

/// <summary>Placement API: "Allocation candidates". Behaviour: placement/handlers/allocation_candidate.py.</summary>
internal sealed class CandidateRoutes(Database database, TimeProvider clock)
{
    public void Map(ApiRoutes root) =>
        root.Get("/allocation_candidates", Showing(ListAsync, PlacementVersions.Candidates)).Allow("placement:allocation_candidates:list");

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (PlacementQuery.Read(request, CandidateSchemas.Query.Of(request.Version)).Failed(out var badQuery, out var text))
            return badQuery;
        if (CandidateQueryReader.Read(text, request.Version).Failed(out var bad, out var query))
            return bad;
        var map = await database.ReadAsync(ProviderMap.LoadAsync, ct);
        return new CandidateSearch(map, query).Find(ct).Failed(out var fault, out var found)
            ? fault : CandidateView.List(request, query, found).Fresh(request, clock.GetUtcNow());
    }
}
