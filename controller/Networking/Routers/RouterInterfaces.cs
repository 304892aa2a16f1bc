using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Resources;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking.Routers;

/// <summary>Which subnet or port an interface request names; at least one.</summary>
internal sealed record InterfaceRequest(string? SubnetId, string? PortId)
{
    /// <summary>Source: neutron/db/l3_db.py _validate_interface_info.</summary>
    public static Outcome<InterfaceRequest> Read(JsonElement body, bool isRemoval)
    {
        var (port, subnet) = (body.Member("port_id"), body.Member("subnet_id"));
        if (port is null && subnet is null)
            return RouterErrors.Bad("Either subnet_id or port_id must be specified");
        foreach (var id in new[] { port, subnet })
        {
            if (id is { } given && Attributes.Read.Uuid(given).Reason is { } bad)
                return RouterErrors.Bad(bad);
        }

        if (port is not null && subnet is not null && !isRemoval)
            return RouterErrors.Bad("Cannot specify both subnet-id and port-id");
        return new InterfaceRequest(subnet?.GetString(), port?.GetString());
    }
}

/// <summary>An interface as the answer describes it.</summary>
internal sealed record InterfaceView(string RouterId, Port Port, IReadOnlyList<string> SubnetIds);

/// <summary>Adds interfaces to routers and takes them away. Source: neutron/db/l3_db.py add_router_interface, remove_router_interface.</summary>
internal sealed class RouterInterfaces(NetworkingContext context, RouterPorts routerPorts, PortStore ports, ResourceKind<Port> portKind, ResourceKind<Subnet> subnetKind)
{
    public async Task<Outcome<InterfaceView>> AddAsync(Session tx, Caller caller, Router router, InterfaceRequest request, CancellationToken ct)
    {
        var outcome = request.PortId is { } portId
            ? await AddPortAsync(tx, caller, router, portId, ct)
            : await AddSubnetAsync(tx, caller, router, request.SubnetId!, ct);
        return outcome;
    }

    public async Task<Outcome<InterfaceView>> RemoveAsync(Session tx, Caller caller, Router router, InterfaceRequest request, CancellationToken ct)
    {
        var interfaces = (await RouterPorts.ListAsync(tx, router.Id, ct)).Where(static port => port.DeviceOwner == DeviceOwners.RouterInterface).ToList();
        if (request.PortId is { } portId)
        {
            if (interfaces.Find(port => port.Id == portId) is not { } port)
                return RouterErrors.NoInterface(router.Id, portId);
            var held = port.FixedIps.Items.Select(static ip => ip.SubnetId).ToList();
            if (request.SubnetId is { } named && !held.Contains(named))
            {
                return NeutronErrors.Invalid("SubnetMismatchForPort",
                    $"Subnet on port {portId} does not match the requested subnet {named}.");
            }

            return await RemovePortAsync(tx, router, port, held, ct);
        }

        if (await subnetKind.FindAsync(tx, caller, request.SubnetId!, ct) is not { } subnet)
            return NeutronErrors.SubnetNotFound(request.SubnetId!);
        if (interfaces.Find(port => port.FixedIps.Items.Any(ip => ip.SubnetId == subnet.Id)) is not { } holder)
            return RouterErrors.NoInterfaceOn(router.Id, subnet.Id);
        return holder.FixedIps.Items.Count > 1
            ? await ShrinkPortAsync(tx, router, holder, subnet, ct)
            : await RemovePortAsync(tx, router, holder, [subnet.Id], ct);
    }

    private async Task<Outcome<InterfaceView>> AddSubnetAsync(Session tx, Caller caller, Router router, string subnetId, CancellationToken ct)
    {
        if (await subnetKind.FindAsync(tx, caller, subnetId, ct) is not { } subnet)
            return NeutronErrors.SubnetNotFound(subnetId);
        if (subnet.GatewayIp is not { } gateway)
            return RouterErrors.Bad("Subnet for router interface must have a gateway IP");
        if (subnet.ProjectId != caller.ProjectId && !caller.IsAdmin)
            return RouterErrors.Bad($"Cannot add interface to router because subnet {subnetId} is not owned by project making the request");
        if ((CheckMode(subnet) ?? RouterRules.CheckSubnets(await RouterPorts.ListSubnetsAsync(tx, router.Id, ct), [subnet])) is { } refused)
            return refused;

        var address = new FixedIpRequest(subnetId, gateway);
        if (subnet.IpVersion == 6 && await FindIpv6PortAsync(tx, router, subnet.NetworkId, ct) is { } existing)
            return await GrowPortAsync(tx, router, existing, address, subnet, ct);
        var outcome = await routerPorts.InsertAsync(tx, router, subnet.NetworkId, DeviceOwners.RouterInterface, router.ProjectId, [subnet], [address], ct);
        if (outcome.Failed(out var fault, out var port))
            return fault;
        await context.Marks.RouterAsync(tx, router.Id, ct);
        return new InterfaceView(router.Id, port, [subnetId]);
    }

    private async Task<Outcome<InterfaceView>> AddPortAsync(Session tx, Caller caller, Router router, string portId, CancellationToken ct)
    {
        if (await portKind.FindAsync(tx, caller, portId, ct) is not { } port)
            return NeutronErrors.PortNotFound(portId);
        if (port.DeviceId.Length > 0)
            return RouterErrors.PortInUse(portId, port.NetworkId, port.DeviceId);
        var ids = port.FixedIps.Items.Select(static ip => ip.SubnetId).ToList();
        if (ids.Count == 0)
            return RouterErrors.Bad("Router port must have at least one fixed IP");
        var subnets = (await PortStore.ListSubnetsAsync(tx, port.NetworkId, ct)).Where(subnet => ids.Contains(subnet.Id)).ToList();
        if (subnets.Count(static subnet => subnet.IpVersion == 4) > 1)
            return RouterErrors.Bad("Cannot have multiple IPv4 subnets on router port");
        var refused = subnets.Select(CheckMode).FirstOrDefault(static fault => fault is not null)
            ?? RouterRules.CheckSubnets(await RouterPorts.ListSubnetsAsync(tx, router.Id, ct), subnets);
        if (refused is not null)
            return refused;

        var attached = port with
        {
            DeviceId = router.Id,
            DeviceOwner = DeviceOwners.RouterInterface,
            // A router's port is trusted: nothing of it is filtered.
            PortSecurityEnabled = false,
            SecurityGroupIds = JsonList<string>.Of([], NetworkingJson.Default.ListString),
            UpdatedAt = context.Clock.GetUtcNow(),
            RevisionNumber = port.RevisionNumber + 1,
        };
        await ports.SaveAsync(tx, port, attached, ct);
        return new InterfaceView(router.Id, attached, [.. subnets.Select(static subnet => subnet.Id)]);
    }

    private async Task<Outcome<InterfaceView>> RemovePortAsync(Session tx, Router router, Port port, List<string> subnetIds, CancellationToken ct)
    {
        foreach (var subnetId in subnetIds)
        {
            if (await CheckUnusedAsync(tx, router, subnetId, ct) is { } used)
                return used;
        }

        await ports.DeleteAsync(tx, port, ct);
        return new InterfaceView(router.Id, port, subnetIds);
    }

    private async Task<Outcome<InterfaceView>> ShrinkPortAsync(Session tx, Router router, Port port, Subnet subnet, CancellationToken ct)
    {
        if (await CheckUnusedAsync(tx, router, subnet.Id, ct) is { } used)
            return used;
        var gone = port.FixedIps.Items.First(ip => ip.SubnetId == subnet.Id);
        await AddressAllocator.ReleaseAsync(tx, gone, ct);
        await SaveAddressesAsync(tx, port, [.. port.FixedIps.Items.Where(ip => ip != gone)], ct);
        return new InterfaceView(router.Id, port, [subnet.Id]);
    }

    private async Task<Outcome<InterfaceView>> GrowPortAsync(
        Session tx, Router router, Port port, FixedIpRequest address, Subnet subnet, CancellationToken ct)
    {
        var ip = new FixedIp(address.SubnetId!, address.IpAddress!);
        if (await AddressAllocator.TakeAsync(tx, port.Id, ip, ct) is { } taken)
            return taken;
        await SaveAddressesAsync(tx, port, [.. port.FixedIps.Items, ip], ct);
        return new InterfaceView(router.Id, port, [subnet.Id]);
    }

    private Task SaveAddressesAsync(Session tx, Port port, List<FixedIp> ips, CancellationToken ct) => ports.SaveAsync(tx, port, port with
    {
        FixedIps = JsonList<FixedIp>.Of(ips, NetworkingJson.Default.ListFixedIp),
        UpdatedAt = context.Clock.GetUtcNow(),
        RevisionNumber = port.RevisionNumber + 1,
    }, ct);

    private static async Task<Port?> FindIpv6PortAsync(Session tx, Router router, string networkId, CancellationToken ct) =>
        (await RouterPorts.ListAsync(tx, router.Id, ct)).Find(port => port.DeviceOwner == DeviceOwners.RouterInterface && port.NetworkId == networkId
            && port.FixedIps.Items.Any(static ip => Ip.Parse(ip.IpAddress).Version == 6));

    // Floating IPs and routes that go through the interface keep it.
    private static async Task<Fault?> CheckUnusedAsync(Session tx, Router router, string subnetId, CancellationToken ct)
    {
        var floating = await tx.CountAsync(
            """
            SELECT COUNT(*) FROM floatingips f JOIN ip_allocations a ON a.port_id = f.port_id AND a.ip_address = f.fixed_ip_address
            WHERE f.router_id = @router AND a.subnet_id = @subnet
            """, ct, ("router", router.Id), ("subnet", subnetId));
        if (floating > 0)
            return RouterErrors.InterfaceInUse(router.Id, subnetId);
        var cidr = await tx.FindAsync("SELECT cidr FROM subnets WHERE id = @id", static row => row.String(0), ct, ("id", subnetId));
        return cidr is not null && router.Routes.Items.Any(route => Cidr.Parse(cidr).Contains(Ip.Parse(route.Nexthop)))
            ? RouterErrors.InterfaceInUseByRoute(router.Id, subnetId) : null;
    }

    // Advertisements that come from outside the cloud and a router of the cloud would contradict each other (l3_db.py _validate_subnet_address_mode).
    private static Fault? CheckMode(Subnet subnet) => subnet is { IpVersion: 6, Ipv6RaMode: null, Ipv6AddressMode: not null }
        ? RouterErrors.Bad($"IPv6 subnet {subnet.Id} configured to receive RAs from an external router cannot be added to Neutron Router") : null;
}
