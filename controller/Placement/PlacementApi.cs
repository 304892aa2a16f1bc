using Appliance.Controller.Compute;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Link;
using Appliance.Controller.Placement.Allocations;
using Appliance.Controller.Placement.Candidates;
using Appliance.Controller.Placement.Classes;
using Appliance.Controller.Placement.Inventories;
using Appliance.Controller.Placement.Providers;
using Appliance.Controller.Placement.Reshapes;
using Appliance.Controller.Placement.Traits;
using Appliance.Controller.Placement.Usages;

namespace Appliance.Controller.Placement;

/// <summary>Placement at <c>/placement</c>: what nodes have, who holds what of it, and where more would fit.</summary>
internal sealed class PlacementApi(Platform platform) : ApiService
{
    public override string Name => "placement";
    public override string Prefix => "/placement";
    public override MicroversionRange Microversions => PlacementVersions.Range;
    public override IReadOnlyList<CatalogEntry> Catalog { get; } = [new("placement", "placement", "/placement")];

    // The real service has no limit, and allocations of a whole site may be moved at once.
    public override long MaxBodyBytes => 16 << 20;
    public override IReadOnlyList<ComponentSchema> Schemas => [PlacementSchema.Tables];

    /// <summary>Turns nodes into resource providers; to be registered with the link before those who schedule.</summary>
    public INodeWatcher Nodes { get; } = new NodeProviders(platform.Database, platform.Clock);

    public IResourceClaims Claims { get; } = new ResourceClaims(platform.Clock);

    public override void Map(ApiRoutes routes)
    {
        var (database, clock) = (platform.Database, platform.Clock);
        var changes = new PlacementChanges(platform.Changes);
        var writer = new AllocationWriter(changes, clock);
        new RootRoutes(clock).Map(routes);
        new ProviderRoutes(database, changes, clock).Map(routes);
        new InventoryRoutes(database, changes, clock).Map(routes);
        new AggregateRoutes(database, changes, clock).Map(routes);
        new TraitRoutes(database, changes, clock).Map(routes);
        new ResourceClassRoutes(database, changes, clock).Map(routes);
        new AllocationRoutes(database, writer, changes, clock).Map(routes);
        new CandidateRoutes(database, clock).Map(routes);
        new UsageRoutes(database, clock).Map(routes);
        new ReshapeRoutes(database, writer, changes, clock).Map(routes);
    }

    public override Task WriteFaultAsync(HttpContext http, Fault fault, CancellationToken ct) => PlacementFaults.WriteAsync(http, fault, ct);
}
