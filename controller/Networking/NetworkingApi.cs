using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Link;
using Appliance.Controller.Networking.Agents;
using Appliance.Controller.Networking.Extensions;
using Appliance.Controller.Networking.FloatingIps;
using Appliance.Controller.Networking.IpAvailability;
using Appliance.Controller.Networking.Networks;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Projection;
using Appliance.Controller.Networking.Quotas;
using Appliance.Controller.Networking.Resources;
using Appliance.Controller.Networking.Routers;
using Appliance.Controller.Networking.SecurityGroups;
using Appliance.Controller.Networking.Servers;
using Appliance.Controller.Networking.SubnetPools;
using Appliance.Controller.Networking.Subnets;
using Appliance.Controller.Work;

namespace Appliance.Controller.Networking;

/// <summary>Neutron, at <c>/network</c>.</summary>
internal sealed class NetworkingApi : ApiService
{
    // Besides wake-ups: how soon the routers of a silent node are noticed.
    private static readonly TimeSpan ProjectionInterval = TimeSpan.FromSeconds(15);

    private readonly Reconciler _projecting;
    private readonly NetworkingContext _context;
    private readonly NetworkKind _networks;
    private readonly SubnetPoolKind _subnetPools;
    private readonly SubnetKind _subnets;
    private readonly PortKind _ports;
    private readonly SecurityGroupKind _groups;
    private readonly SecurityGroupRuleKind _rules;
    private readonly RouterKind _routers;
    private readonly RouterActions _routerActions;
    private readonly FloatingIpKind _floatingIps;
    private readonly AgentRoutes _agents;

    public NetworkingApi(Platform platform, INodes nodes, DesiredState desired)
    {
        _context = new NetworkingContext(platform.Database, platform.Changes, platform.Policy, platform.Clock, platform.Options);
        _context.FindNodeId = host => nodes.All.FirstOrDefault(node => node.HostName == host || node.Id == host)?.Id;
        var projector = new Projector(platform.Database, _context.Marks, nodes, desired, platform.Clock);
        _projecting = platform.CreateReconciler("networks", ProjectionInterval, projector.PassAsync);
        _context.Marks.Wake = _projecting.Wake;
        Statuses = new NetworkStatuses(_context, projector);
        platform.Policy.AddDefaults(Name, new StringReader(NetworkingPolicies.Yaml));
        var defaults = new DefaultGroups(_context);
        var ports = new PortStore(_context);
        _networks = new NetworkKind(_context, ports);
        _subnetPools = new SubnetPoolKind(_context);
        _subnets = new SubnetKind(_context, _networks, new SubnetAddresses(_context.Marks), new SubnetAllocator(_subnetPools));
        _ports = new PortKind(_context, _networks, defaults, ports);
        _groups = new SecurityGroupKind(_context, defaults);
        _rules = new SecurityGroupRuleKind(_context, _groups);
        _agents = new AgentRoutes(nodes, _context);
        var routerPorts = new RouterPorts(_context, _networks, ports);
        _routers = new RouterKind(_context, routerPorts);
        _routerActions = new RouterActions(_context, _routers, new RouterInterfaces(_context, routerPorts, ports, _ports, _subnets));
        _floatingIps = new FloatingIpKind(_context, _networks, ports, new FloatingIpAssociation(_ports));
        Servers = new ServerNetworking(_context, new ServerNetworkPlanner(_networks, _groups), new ServerPorts(_context, ports, defaults), ports);
    }

    /// <summary>What Compute asks of the network.</summary>
    public ServerNetworking Servers { get; }

    /// <summary>Hears what nodes report of ports and routers, and what nodes there are.</summary>
    public NetworkStatuses Statuses { get; }

    public override string Name => "neutron";
    public override string Prefix => "/network";
    public override IReadOnlyList<CatalogEntry> Catalog { get; } = [new("network", "neutron", "/network")];

    public override IReadOnlyList<ComponentSchema> Schemas { get; } =
    [
        new("neutron",
        [
            string.Join('\n', NetworkTable.Ddl, SubnetTable.Ddl, PortTable.Ddl, SecurityGroupTable.Ddl, RouterTable.Ddl, FloatingIpTable.Ddl,
                QuotaStore.Ddl, ProjectionMarks.Ddl),
            SubnetPoolTable.Ddl,
        ]),
    ];

    public override void Map(ApiRoutes routes)
    {
        VersionRoutes.Map(routes);
        var v2 = routes.Group("/v2.0");
        ExtensionRoutes.Map(v2);
        new QuotaRoutes(_context).Map(v2);
        new IpAvailabilityRoutes(_context).Map(v2);
        _agents.Map(v2);
        // A resource is its folder and a line here.
        new ResourceRoutes<Network>(_networks, _context).Map(v2);
        new ResourceRoutes<SubnetPool>(_subnetPools, _context).Map(v2);
        new SubnetPoolActions(_context, _subnetPools).Map(v2);
        new ResourceRoutes<Subnet>(_subnets, _context).Map(v2);
        new ResourceRoutes<Port>(_ports, _context).Map(v2);
        new ResourceRoutes<SecurityGroup>(_groups, _context).Map(v2);
        new ResourceRoutes<SecurityGroupRule>(_rules, _context).Map(v2);
        new ResourceRoutes<Router>(_routers, _context).Map(v2);
        new ResourceRoutes<FloatingIp>(_floatingIps, _context).Map(v2);
        _routerActions.Map(v2);
    }

    public override Task WriteFaultAsync(HttpContext http, Fault fault, CancellationToken ct) => NetworkingFaults.WriteAsync(http, fault, ct);

    public override Task StartAsync(CancellationToken ct)
    {
        _projecting.Start();
        return Task.CompletedTask;
    }

    public override async Task StopAsync() => await _projecting.DisposeAsync();
}
