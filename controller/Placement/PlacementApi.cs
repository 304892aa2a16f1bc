using Appliance.Controller.Compute;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Link;
using Appliance.Controller.Placement.Allocations;
using Appliance.Controller.Placement.Providers;

namespace Appliance.Controller.Placement;

/// <summary>Placement at <c>/placement</c>: what nodes have, who holds what of it, and where more would fit.</summary>
internal sealed class PlacementApi(Platform platform) : ApiService
{
    public override string Name => "placement";
    public override string Prefix => "/placement";
    public override MicroversionRange Microversions => PlacementVersions.Range;
    public override IReadOnlyList<CatalogEntry> Catalog { get; } = [new("placement", "placement", "/placement")];
    public override IReadOnlyList<ComponentSchema> Schemas => [PlacementSchema.Tables];

    /// <summary>Turns nodes into resource providers; to be registered with the link before those who schedule.</summary>
    public INodeWatcher Nodes { get; } = new NodeProviders(platform.Database, platform.Clock);

    public IResourceClaims Claims { get; } = new ResourceClaims(platform.Clock);

    public override void Map(ApiRoutes routes) => RootRoutes.Map(routes);

    public override Task WriteFaultAsync(HttpContext http, Fault fault, CancellationToken ct) => PlacementFaults.WriteAsync(http, fault, ct);
}
