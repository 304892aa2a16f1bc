using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Networks;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.FloatingIps;

/// <summary>Floating IPs. Source: neutron/db/l3_db.py _create_floatingip, _update_floatingip, _delete_floatingip.</summary>
internal sealed class FloatingIpKind(NetworkingContext context, NetworkKind networks, PortStore store, FloatingIpAssociation association)
    : ResourceKind<FloatingIp>(context)
{
    public override string Name => "floatingip";
    public override AttributeTable<FloatingIp> Attributes => FloatingIpAttributes.Table;
    public override ResourceTable<FloatingIp> Table => FloatingIpTable.Table;
    public override Fault NotFound(string id) => NeutronErrors.NotFound("FloatingIPNotFound", $"Floating IP {id} could not be found");

    public override async Task<List<FloatingIp>> CompleteAsync(Session tx, List<FloatingIp> items, CancellationToken ct)
    {
        var associated = items.Where(static ip => ip.PortId is not null).ToList();
        if (associated.Count == 0)
            return items;
        var ports = associated.Count == 1
            ? await PortTable.Table.ListAsync(tx, "r.id = @id", ct, ("id", associated[0].PortId))
            : await PortTable.Table.ListAsync(tx, "r.id IN (SELECT f.port_id FROM floatingips f WHERE f.port_id IS NOT NULL)", ct);
        var byId = ports.ToDictionary(static port => port.Id);
        return [.. items.Select(ip => ip.PortId is { } port ? ip with { Port = byId.GetValueOrDefault(port) } : ip)];
    }

    public override async Task<Outcome<FloatingIp>> CreateAsync(Session tx, Requester requester, AttributeValues values, CancellationToken ct)
    {
        var networkId = values.Text("floating_network_id")!;
        if (await networks.FindAsync(tx, requester.Caller, networkId, ct) is not { } network)
            return NeutronErrors.NetworkNotFound(networkId);
        if (!network.External)
            return FloatingIpAssociation.Bad($"Network {networkId} is not a valid external network");
        if (values.IsSet("fixed_ip_address") && !values.IsSet("port_id"))
            return FloatingIpAssociation.Bad("fixed_ip_address cannot be specified without a port_id");

        var draft = Begin(new FloatingIp { NetworkId = networkId, Address = "", ExternalPortId = "" }, values);
        if ((await InsertPortAsync(tx, draft, values, ct)).Failed(out var noPort, out var port))
            return noPort;
        if (port.FixedIps.Items.Find(static fixedIp => Ip.Parse(fixedIp.IpAddress).Version == 4) is not { } outside)
        {
            return NeutronErrors.Invalid("ExternalIpAddressExhausted", $"Unable to find any IP address on external network {networkId}.");
        }

        var ip = draft with { Address = outside.IpAddress, ExternalPortId = port.Id };
        if (values.Text("port_id") is { } target
            && (await association.AssociateAsync(tx, requester.Caller, ip, target, values.Text("fixed_ip_address"), ct)).Failed(out var refused, out ip))
        {
            return refused;
        }

        await Table.InsertAsync(tx, ip, ct);
        await MarkAsync(tx, ip, ct);
        return ip;
    }

    public override async Task<Outcome<FloatingIp>> UpdateAsync(
        Session tx, Requester requester, FloatingIp current, AttributeValues changes, CancellationToken ct)
    {
        if (changes.IsSet("fixed_ip_address") && !changes.IsSet("port_id"))
            return FloatingIpAssociation.Bad("fixed_ip_address cannot be specified without a port_id");
        var changed = Change(current, changes);
        if (changes.Text("port_id") is { } target)
        {
            var outcome = await association.AssociateAsync(tx, requester.Caller, changed, target, changes.Text("fixed_ip_address"), ct);
            if (outcome.Failed(out var refused, out changed))
                return refused;
        }
        else if (changes.Has("port_id") || changes.Has("fixed_ip_address"))
        {
            changed = FloatingIpTable.Disassociate(changed);
        }

        await Table.UpdateAsync(tx, changed, ct);
        await MarkAsync(tx, current, ct);
        await MarkAsync(tx, changed, ct);
        await NotifyAsync(tx, current, changed, ct);
        return changed;
    }

    public override async Task<Fault?> DeleteAsync(Session tx, Requester requester, FloatingIp current, CancellationToken ct)
    {
        await Table.DeleteAsync(tx, current.Id, ct);
        if (await PortTable.Table.FindAsync(tx, current.ExternalPortId, ct) is { } port)
            await store.DeleteAsync(tx, port, ct);
        await MarkAsync(tx, current, ct);
        return null;
    }

    // The port that holds the outside address belongs to nobody: tenants do not see it.
    private async Task<Outcome<Port>> InsertPortAsync(Session tx, FloatingIp ip, AttributeValues values, CancellationToken ct)
    {
        var subnets = await PortStore.ListSubnetsAsync(tx, ip.NetworkId, ct);
        if (!subnets.Any(static subnet => subnet.IpVersion == 4))
            return FloatingIpAssociation.Bad($"Network {ip.NetworkId} does not contain any IPv4 subnet");
        var (subnet, address) = (values.Text("subnet_id"), values.Text("floating_ip_address"));
        IReadOnlyList<FixedIpRequest>? requests = subnet is null && address is null ? null : [new FixedIpRequest(subnet, address)];
        return await store.InsertAsync(tx, new Port
        {
            Id = Guid.NewGuid().ToString(),
            CreatedAt = ip.CreatedAt,
            UpdatedAt = ip.CreatedAt,
            RevisionNumber = 1,
            NetworkId = ip.NetworkId,
            Status = "N/A",
            MacAddress = "",
            DeviceId = ip.Id,
            DeviceOwner = DeviceOwners.FloatingIp,
            FixedIps = JsonList<FixedIp>.Of([], NetworkingJson.Default.ListFixedIp),
            SecurityGroupIds = JsonList<string>.Of([], NetworkingJson.Default.ListString),
            AddressPairs = JsonList<AddressPair>.Of([], NetworkingJson.Default.ListAddressPair),
            DhcpOptions = JsonList<DhcpOption>.Of([], NetworkingJson.Default.ListDhcpOption),
        }, subnets, requests, ct);
    }

    private async Task MarkAsync(Session tx, FloatingIp ip, CancellationToken ct)
    {
        if (ip.RouterId is { } router)
            await Context.Marks.RouterAsync(tx, router, ct);
        if (ip.PortId is { } port && await PortTable.Table.FindAsync(tx, port, ct) is { } inside)
            await Context.Marks.PortAsync(tx, inside, ct);
    }

    // A server's addresses include the floating ones.
    private async Task NotifyAsync(Session tx, FloatingIp before, FloatingIp after, CancellationToken ct)
    {
        foreach (var id in new[] { before.PortId, after.PortId }.OfType<string>().Distinct())
        {
            if (await PortTable.Table.FindAsync(tx, id, ct) is { } port)
                await store.NotifyServersAsync(tx, port, null, ct);
        }
    }
}
