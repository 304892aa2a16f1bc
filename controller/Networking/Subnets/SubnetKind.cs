using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Networks;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Projection;
using Appliance.Controller.Networking.Resources;
using Appliance.Controller.Networking.SubnetPools;

namespace Appliance.Controller.Networking.Subnets;

/// <summary>Subnets. Source: neutron/db/db_base_plugin_v2.py create_subnet, update_subnet, delete_subnet.</summary>
internal sealed class SubnetKind(NetworkingContext context, NetworkKind networks, SubnetAddresses addresses, SubnetAllocator allocator)
    : ResourceKind<Subnet>(context)
{
    public override string Name => "subnet";
    public override AttributeTable<Subnet> Attributes => SubnetAttributes.Table;
    public override ResourceTable<Subnet> Table => SubnetTable.Table;
    public override Fault NotFound(string id) => NeutronErrors.SubnetNotFound(id);

    // That a network is external does not show its subnets.
    public override string VisibleCondition =>
        "r.project_id = @caller_project OR r.network_id IN (SELECT n.id FROM networks n WHERE n.project_id = @caller_project OR n.shared = 1)";

    public override async Task<Outcome<Subnet>> CreateAsync(Session tx, Requester requester, AttributeValues values, CancellationToken ct)
    {
        if (SubnetAllocator.Check(values) is { } badRequest)
            return badRequest;
        var networkId = values.Text("network_id")!;
        if (await networks.FindAsync(tx, requester.Caller, networkId, ct) is not { } network)
            return NeutronErrors.NetworkNotFound(networkId);
        if (!requester.Caller.IsAdmin && network.ProjectId != requester.Caller.ProjectId)
            return network.Shared ? NeutronErrors.Forbidden("create_subnet") : NeutronErrors.HttpNotFound;

        if ((await allocator.AllocateAsync(tx, requester.Caller, values, ct)).Failed(out var noPrefix, out var prefix))
            return noPrefix;

        var subnet = Begin(NewSubnet(values, networkId, prefix.Cidr), values) with { SubnetPoolId = prefix.PoolId };
        if (SubnetRules.Check(subnet with { Id = "" }, null) is { } invalid)
            return invalid;
        if (SubnetRules.CheckMtu(network, subnet.IpVersion) is { } mtu)
            return mtu;
        if (await CheckOverlapAsync(tx, subnet, ct) is { } overlap)
            return overlap;
        if (await SubnetAllocator.CheckAffinityAsync(tx, networkId, subnet.IpVersion, subnet.SubnetPoolId, ct) is { } mixed)
            return mixed;
        if (ChoosePools(subnet, values).Failed(out var badPools, out var pools))
            return badPools;

        subnet = subnet with { Pools = JsonList<AllocationPool>.Of(pools, NetworkingJson.Default.ListAllocationPool) };
        await Table.InsertAsync(tx, subnet, ct);
        if (subnet.IsAutoAddress)
            await addresses.AddAutoAddressesAsync(tx, subnet, ct);
        await TouchNetworkAsync(tx, networkId, ct);
        return subnet;
    }

    public override async Task<Outcome<Subnet>> UpdateAsync(
        Session tx, Requester requester, Subnet current, AttributeValues changes, CancellationToken ct)
    {
        var changed = Change(current, changes) with
        {
            GatewayIp = changes.Has("gateway_ip") ? changes.Text("gateway_ip") : current.GatewayIp,
            EnableDhcp = changes.Flag("enable_dhcp", current.EnableDhcp),
            DnsNameservers = changes.Object<List<string>>("dns_nameservers") is { } servers
                ? JsonList<string>.Of(servers, NetworkingJson.Default.ListString) : current.DnsNameservers,
            HostRoutes = changes.Object<List<HostRoute>>("host_routes") is { } routes
                ? JsonList<HostRoute>.Of(routes, NetworkingJson.Default.ListHostRoute) : current.HostRoutes,
            Pools = changes.Object<List<AllocationPool>>("allocation_pools") is { } pools
                ? JsonList<AllocationPool>.Of(pools, NetworkingJson.Default.ListAllocationPool) : current.Pools,
        };
        if (SubnetRules.Check(changed, current) is { } invalid)
            return invalid;
        if (SubnetRules.CheckPools(changed.Pools.Items, changed.Cidr) is { } badPools)
            return badPools;
        if (changed.GatewayIp != current.GatewayIp && await FindGatewayPortAsync(tx, current, ct) is { } port)
        {
            return NeutronErrors.Conflict("GatewayIpInUse",
                $"Current gateway ip {current.GatewayIp} already in use by port {port}. Unable to update.");
        }

        if ((changed.GatewayIp != current.GatewayIp || changes.Has("allocation_pools"))
            && SubnetRules.CheckGatewayOutsidePools(changed.GatewayIp, changed.Pools.Items) is { } conflict)
        {
            return conflict;
        }

        await Table.UpdateAsync(tx, changed, ct);
        await TouchNetworkAsync(tx, current.NetworkId, ct);
        return changed;
    }

    public override async Task<Fault?> DeleteAsync(Session tx, Requester requester, Subnet current, CancellationToken ct)
    {
        // Router interfaces hold every subnet; other ports give up addresses they made themselves.
        var users = await tx.CountAsync(
            $"""
            SELECT COUNT(*) FROM ip_allocations a JOIN ports p ON p.id = a.port_id
            WHERE a.subnet_id = @id {(current.IsAutoAddress ? "AND p.device_owner = @interface" : "")}
            """, ct, ("id", current.Id), ("interface", DeviceOwners.RouterInterface));
        if (users > 0)
        {
            return NeutronErrors.Conflict("SubnetInUse",
                $"Unable to complete operation on subnet {current.Id}: One or more ports have an IP allocation from this subnet.");
        }

        await addresses.RemoveSubnetAsync(tx, current.Id, ct);
        await Table.DeleteAsync(tx, current.Id, ct);
        await TouchNetworkAsync(tx, current.NetworkId, ct);
        return null;
    }

    private static Subnet NewSubnet(AttributeValues values, string networkId, Cidr cidr)
    {
        return new Subnet
        {
            NetworkId = networkId,
            IpVersion = (int)values.Number("ip_version")!.Value,
            CidrText = cidr.ToString(),
            GatewayIp = values.Has("gateway_ip") ? values.Text("gateway_ip") : cidr.First.Next(1).ToString(),
            EnableDhcp = values.Flag("enable_dhcp", true),
            Ipv6RaMode = values.Text("ipv6_ra_mode"),
            Ipv6AddressMode = values.Text("ipv6_address_mode"),
            DnsNameservers = JsonList<string>.Of(values.Object<List<string>>("dns_nameservers") ?? [], NetworkingJson.Default.ListString),
            HostRoutes = JsonList<HostRoute>.Of(values.Object<List<HostRoute>>("host_routes") ?? [], NetworkingJson.Default.ListHostRoute),
            Pools = JsonList<AllocationPool>.Of([], NetworkingJson.Default.ListAllocationPool),
        };
    }

    private static Outcome<List<AllocationPool>> ChoosePools(Subnet subnet, AttributeValues values)
    {
        if (values.Object<List<AllocationPool>>("allocation_pools") is not { } pools)
            return SubnetRules.DefaultPools(subnet.Cidr, subnet.GatewayIp is { } gateway ? Ip.Parse(gateway) : null);
        var bad = SubnetRules.CheckPools(pools, subnet.Cidr) ?? SubnetRules.CheckGatewayOutsidePools(subnet.GatewayIp, pools);
        return bad is not null ? bad : pools;
    }

    private static async Task<Fault?> CheckOverlapAsync(Session tx, Subnet subnet, CancellationToken ct)
    {
        var others = await tx.ListAsync("SELECT cidr FROM subnets WHERE network_id = @network",
            static row => Cidr.Parse(row.String(0)), ct, ("network", subnet.NetworkId));
        return SubnetRules.CheckOverlap(subnet.Cidr, subnet.NetworkId, others);
    }

    private static Task<string?> FindGatewayPortAsync(Session tx, Subnet subnet, CancellationToken ct) => tx.FindAsync(
        """
        SELECT p.id FROM ip_allocations a JOIN ports p ON p.id = a.port_id
        WHERE a.subnet_id = @subnet AND a.ip_address = @gateway AND p.device_owner = @interface
        """,
        static row => row.String(0), ct, ("subnet", subnet.Id), ("gateway", subnet.GatewayIp), ("interface", DeviceOwners.RouterInterface));

    // A network's view lists its subnets, so a change of them is a revision of it.
    private async Task TouchNetworkAsync(Session tx, string networkId, CancellationToken ct)
    {
        if (await networks.Table.FindAsync(tx, networkId, ct) is { } network)
            await networks.Table.UpdateAsync(tx, networks.Touch(network), ct);
        await Context.Marks.NetworkAsync(tx, networkId, ct);
    }
}
