using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Extensions;
using Appliance.Controller.Networking.FloatingIps;
using Appliance.Controller.Networking.Networks;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Projection;
using Appliance.Controller.Networking.Quotas;
using Appliance.Controller.Networking.Resources;
using Appliance.Controller.Networking.Routers;
using Appliance.Controller.Networking.SecurityGroups;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking;

/// <summary>Neutron, at <c>/network</c>.</summary>
internal sealed class NetworkingApi : ApiService
{
    private readonly NetworkingContext _context;
    private readonly NetworkKind _networks;
    private readonly SubnetKind _subnets;
    private readonly PortKind _ports;
    private readonly SecurityGroupKind _groups;
    private readonly SecurityGroupRuleKind _rules;

    public NetworkingApi(Platform platform)
    {
        _context = new NetworkingContext(platform.Database, platform.Changes, platform.Policy, platform.Clock, platform.Options);
        platform.Policy.AddDefaults(Name, new StringReader(NetworkingPolicies.Yaml));
        var defaults = new DefaultGroups(_context);
        var ports = new PortStore(_context);
        _networks = new NetworkKind(_context);
        _subnets = new SubnetKind(_context, _networks, new SubnetAddresses(_context.Marks));
        _ports = new PortKind(_context, _networks, defaults, ports);
        _groups = new SecurityGroupKind(_context, defaults);
        _rules = new SecurityGroupRuleKind(_context, _groups);
    }

    public override string Name => "neutron";
    public override string Prefix => "/network";

    public override IReadOnlyList<ComponentSchema> Schemas { get; } =
    [
        new("neutron",
        [
            string.Join('\n', NetworkTable.Ddl, SubnetTable.Ddl, PortTable.Ddl, SecurityGroupTable.Ddl, RouterTable.Ddl, FloatingIpTable.Ddl,
                QuotaStore.Ddl, ProjectionMarks.Ddl),
        ]),
    ];

    public override void Map(ApiRoutes routes)
    {
        VersionRoutes.Map(routes);
        var v2 = routes.Group("/v2.0");
        ExtensionRoutes.Map(v2);
        new QuotaRoutes(_context).Map(v2);
        // A resource is its folder and a line here.
        new ResourceRoutes<Network>(_networks, _context).Map(v2);
        new ResourceRoutes<Subnet>(_subnets, _context).Map(v2);
        new ResourceRoutes<Port>(_ports, _context).Map(v2);
        new ResourceRoutes<SecurityGroup>(_groups, _context).Map(v2);
        new ResourceRoutes<SecurityGroupRule>(_rules, _context).Map(v2);
    }

    public override Task WriteFaultAsync(HttpContext http, Fault fault, CancellationToken ct) => NetworkingFaults.WriteAsync(http, fault, ct);
}
