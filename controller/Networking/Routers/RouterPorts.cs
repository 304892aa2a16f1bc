using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Networks;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking.Routers;

/// <summary>The ports of routers: one on the external network, one for each interface inside. Source: neutron/db/l3_db.py.</summary>
internal sealed class RouterPorts(NetworkingContext context, NetworkKind networks, PortStore ports)
{
    /// <summary>All ports of a router, the gateway among them.</summary>
    public static Task<List<Port>> ListAsync(Session tx, string routerId, CancellationToken ct) => PortTable.Table.ListAsync(
        tx, "r.device_id = @router AND r.device_owner LIKE 'network:router_%' ORDER BY r.created_at, r.id", ct, ("router", routerId));

    /// <summary>Subnets the router has an address on.</summary>
    public static Task<List<Subnet>> ListSubnetsAsync(Session tx, string routerId, CancellationToken ct) => SubnetTable.Table.ListAsync(
        tx,
        """
        r.id IN (SELECT a.subnet_id FROM ip_allocations a JOIN ports p ON p.id = a.port_id
                 WHERE p.device_id = @router AND p.device_owner LIKE 'network:router_%')
        """, ct, ("router", routerId));

    /// <summary>Gives the router the gateway that is asked for, changes it, or takes it away. The answer is not stored yet.</summary>
    public async Task<Outcome<Router>> SetGatewayAsync(Session tx, Caller caller, Router router, GatewayInfo info, CancellationToken ct)
    {
        var network = info.NetworkId is { } id ? await networks.FindAsync(tx, caller, id, ct) : null;
        if (info.NetworkId is not null && network is null)
            return NeutronErrors.NetworkNotFound(info.NetworkId);
        if (network is { External: false })
            return RouterErrors.Bad($"Network {network.Id} is not an external network");
        var subnets = network is null ? [] : await PortStore.ListSubnetsAsync(tx, network.Id, ct);
        if (info.FixedIps?.FirstOrDefault(ip => ip.IpAddress is not null && subnets.Any(subnet => subnet.GatewayIp == ip.IpAddress)) is { } same)
            return RouterErrors.Bad($"External IP {same.IpAddress} is the same as the gateway IP");

        var changed = router with { EnableSnat = info.EnableSnat ?? true };
        if (network is not null && network.Id == router.GatewayNetworkId)
            return await ChangeGatewayAsync(tx, changed, subnets, info, ct);
        if ((await RemoveGatewayAsync(tx, changed, ct)).Failed(out var kept, out changed))
            return kept;
        return network is null ? changed : await AddGatewayAsync(tx, changed, network, subnets, info, ct);
    }

    public async Task<Outcome<Router>> RemoveGatewayAsync(Session tx, Router router, CancellationToken ct)
    {
        if (router.GatewayPortId is null)
            return router;
        if (await tx.CountAsync("SELECT COUNT(*) FROM floatingips WHERE router_id = @router", ct, ("router", router.Id)) > 0)
            return RouterErrors.GatewayInUse(router.Id, router.GatewayNetworkId!);
        if (await PortTable.Table.FindAsync(tx, router.GatewayPortId, ct) is { } port)
            await ports.DeleteAsync(tx, port, ct);
        return router with { GatewayPortId = null, GatewayNetworkId = null, GatewayFixedIps = "[]" };
    }

    /// <summary>A new port of the router; its owner is the router's project, or nobody for the gateway, which tenants do not see.</summary>
    public async Task<Outcome<Port>> InsertAsync(
        Session tx, Router router, string networkId, string owner, string projectId, IReadOnlyList<Subnet> subnets,
        IReadOnlyList<FixedIpRequest>? ips, CancellationToken ct)
    {
        var now = context.Clock.GetUtcNow();
        return await ports.InsertAsync(tx, new Port
        {
            Id = Guid.NewGuid().ToString(),
            ProjectId = projectId,
            CreatedAt = now,
            UpdatedAt = now,
            RevisionNumber = 1,
            NetworkId = networkId,
            MacAddress = "",
            DeviceId = router.Id,
            DeviceOwner = owner,
            FixedIps = JsonList<FixedIp>.Of([], NetworkingJson.Default.ListFixedIp),
            SecurityGroupIds = JsonList<string>.Of([], NetworkingJson.Default.ListString),
            AddressPairs = JsonList<AddressPair>.Of([], NetworkingJson.Default.ListAddressPair),
            DhcpOptions = JsonList<DhcpOption>.Of([], NetworkingJson.Default.ListDhcpOption),
        }, subnets, ips, ct);
    }

    private async Task<Outcome<Router>> AddGatewayAsync(
        Session tx, Router router, Network network, List<Subnet> subnets, GatewayInfo info, CancellationToken ct)
    {
        if (RouterRules.CheckSubnets(await ListSubnetsAsync(tx, router.Id, ct), subnets) is { } overlap)
            return overlap;
        IReadOnlyList<FixedIpRequest>? ips = info.FixedIps is { Count: > 0 } asked ? asked : null;
        if ((await InsertAsync(tx, router, network.Id, DeviceOwners.RouterGateway, "", subnets, ips, ct)).Failed(out var fault, out var port))
            return fault;
        return router with { GatewayNetworkId = network.Id, GatewayPortId = port.Id, GatewayFixedIps = port.FixedIps.Text };
    }

    private async Task<Outcome<Router>> ChangeGatewayAsync(Session tx, Router router, List<Subnet> subnets, GatewayInfo info, CancellationToken ct)
    {
        if (info.FixedIps is not { Count: > 0 } asked || await PortTable.Table.FindAsync(tx, router.GatewayPortId!, ct) is not { } port)
            return router;
        if ((await AddressAllocator.ReallocateAsync(tx, port, subnets, asked, ct)).Failed(out var fault, out var ips))
            return fault;
        var changed = port with { FixedIps = JsonList<FixedIp>.Of(ips, NetworkingJson.Default.ListFixedIp), RevisionNumber = port.RevisionNumber + 1 };
        await ports.SaveAsync(tx, port, changed, ct);
        return router with { GatewayFixedIps = changed.FixedIps.Text };
    }
}
