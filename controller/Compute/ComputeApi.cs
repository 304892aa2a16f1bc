using Appliance.Controller.Compute.Flavors;
using Appliance.Controller.Compute.Hosts;
using Appliance.Controller.Compute.Keypairs;
using Appliance.Controller.Compute.Quotas;
using Appliance.Controller.Compute.ServerGroups;
using Appliance.Controller.Compute.Servers;
using Appliance.Controller.Compute.Servers.Actions;
using Appliance.Controller.Compute.Servers.Consoles;
using Appliance.Controller.Compute.Servers.Create;
using Appliance.Controller.Compute.Usage;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Link;

namespace Appliance.Controller.Compute;

/// <summary>What the compute service is given of the others.</summary>
internal sealed record ComputeNeighbours(
    IProjects Projects, IServerImages Images, IServerNetworking Networking, IResourceClaims Claims, INodes Nodes, DesiredState Desired);

/// <summary>The compute service (Nova) at <c>/compute/v2.1</c>.</summary>
internal sealed class ComputeApi : ApiService
{
    private readonly FlavorStore _flavors;
    private readonly KeypairStore _keypairs;
    private readonly ServerContext _servers;
    private readonly ReleaseServer _release;
    private readonly Platform _platform;
    private readonly ComputeNeighbours _neighbours;

    public ComputeApi(Platform platform, ComputeNeighbours neighbours)
    {
        _platform = platform;
        _neighbours = neighbours;
        _flavors = new FlavorStore(platform.Database);
        _keypairs = new KeypairStore(platform.Database, platform.Changes, platform.Clock);
        _servers = new ServerContext(platform, neighbours);
        _release = new ReleaseServer(_servers);
        Sink = new ServerStatusSink(_servers);
        platform.Workflows.Register(new BuildServer(_servers).Definition);
        platform.Workflows.Register(_release.Deleted);
        platform.Workflows.Register(_release.Failed);
        neighbours.Networking.OnServerPortsChanged(RefreshDocumentAsync);
    }

    /// <summary>Hears of servers and nodes; to be registered with the link.</summary>
    public ServerStatusSink Sink { get; }

    public override string Name => "nova";
    public override string Prefix => "/compute";
    public override MicroversionRange Microversions => ComputeVersions.Range;
    public override IReadOnlyList<CatalogEntry> Catalog { get; } = [new("compute", "nova", "/compute/v2.1")];
    public override IReadOnlyList<ComponentSchema> Schemas =>
        [FlavorStore.Schema, KeypairStore.Schema, HostStore.Schema, QuotaStore.Schema, ServerTables.Schema, ConsoleTokens.Schema,
            ServerGroupStore.Schema];

    public override void Map(ApiRoutes routes)
    {
        VersionRoutes.Map(routes);
        var v21 = routes.Group("/v2.1");
        new FlavorRoutes(_flavors).Map(v21);
        new FlavorAccessRoutes(_flavors, _neighbours.Projects).Map(v21);
        new FlavorExtraSpecRoutes(_flavors).Map(v21);
        new KeypairRoutes(_keypairs, _platform.Policy).Map(v21);

        var delete = new DeleteServer(_servers, _release);
        new ServerRoutes(_servers, new CreateServers(_servers, _flavors, _neighbours.Images), delete, _platform.Policy).Map(v21);
        new ServerActionRoutes(new ServerActions(_servers), delete, _servers).Map(v21);
        new ServerMetadataRoutes(_servers).Map(v21);
        new ServerAddressRoutes(_servers).Map(v21);
        new ServerPasswordRoutes(_servers).Map(v21);
        new ServerSecurityGroupRoutes(_servers).Map(v21);
        new InterfaceRoutes(_servers, _platform.Policy).Map(v21);
        new InstanceActionRoutes(_servers, _platform.Policy).Map(v21);
        new ConsoleRoutes(_servers).Map(v21);

        var (database, clock) = (_platform.Database, _platform.Clock);
        new HypervisorRoutes(database, new HypervisorStore(_servers.Hosts, _neighbours.Claims), _neighbours.Nodes, clock).Map(v21);
        new ServiceRoutes(database, _servers.Hosts, clock).Map(v21);
        new ZoneRoutes(database, _servers.Hosts, clock).Map(v21);
        new AggregateRoutes(database, _servers.Hosts, clock).Map(v21);
        new QuotaRoutes(database, _neighbours.Projects, _platform.Policy).Map(v21);
        new QuotaClassRoutes(database).Map(v21);
        new ServerGroupRoutes(database, clock).Map(v21);
        new LimitRoutes(database, _platform.Policy).Map(v21);
        new UsageRoutes(database, _platform.Policy, clock).Map(v21);
    }

    /// <summary>The websocket of serial consoles.</summary>
    public void MapConsoles(IEndpointRouteBuilder endpoints) =>
        new SerialConsoleEndpoint(_servers, _platform.Logs.CreateLogger<SerialConsoleEndpoint>()).Map(endpoints);

    public override Task WriteFaultAsync(HttpContext http, Fault fault, CancellationToken ct) => ComputeFaults.WriteAsync(http, fault, ct);

    public override Task StartAsync(CancellationToken ct) => _flavors.LoadAsync(ct);

    private async Task RefreshDocumentAsync(Session tx, string serverId, CancellationToken ct)
    {
        if (await ServerStore.FindAsync(tx, serverId, ct) is { } server)
            await ServerDocumentRefresh.RunAsync(tx, _servers, server, ct);
    }
}
