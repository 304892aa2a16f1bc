using Appliance.Controller.Compute.Flavors;
using Appliance.Controller.Compute.Keypairs;
using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute;

/// <summary>What the compute service is given of the others.</summary>
internal sealed record ComputeNeighbours(IProjects Projects);

/// <summary>The compute service (Nova) at <c>/compute/v2.1</c>.</summary>
internal sealed class ComputeApi : ApiService
{
    private readonly FlavorStore _flavors;
    private readonly KeypairStore _keypairs;
    private readonly Platform _platform;
    private readonly ComputeNeighbours _neighbours;

    public ComputeApi(Platform platform, ComputeNeighbours neighbours)
    {
        _platform = platform;
        _neighbours = neighbours;
        _flavors = new FlavorStore(platform.Database);
        _keypairs = new KeypairStore(platform.Database, platform.Changes, platform.Clock);
    }

    public override string Name => "nova";
    public override string Prefix => "/compute";
    public override MicroversionRange Microversions => ComputeVersions.Range;
    public override IReadOnlyList<CatalogEntry> Catalog { get; } = [new("compute", "nova", "/compute/v2.1")];
    public override IReadOnlyList<ComponentSchema> Schemas => [FlavorStore.Schema, KeypairStore.Schema];

    public override void Map(ApiRoutes routes)
    {
        VersionRoutes.Map(routes);
        var v21 = routes.Group("/v2.1");
        new FlavorRoutes(_flavors).Map(v21);
        new FlavorAccessRoutes(_flavors, _neighbours.Projects).Map(v21);
        new FlavorExtraSpecRoutes(_flavors).Map(v21);
        new KeypairRoutes(_keypairs, _platform.Policy).Map(v21);
    }

    public override Task WriteFaultAsync(HttpContext http, Fault fault, CancellationToken ct) => ComputeFaults.WriteAsync(http, fault, ct);

    public override Task StartAsync(CancellationToken ct) => _flavors.LoadAsync(ct);
}
