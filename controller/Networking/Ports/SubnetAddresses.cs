using Appliance.Controller.Data;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Projection;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking.Ports;

/// <summary>What subnets that come and go mean for the ports already on their network. Source: neutron/db/ipam_pluggable_backend.py.</summary>
internal sealed class SubnetAddresses(ProjectionMarks marks)
{
    /// <summary>A subnet whose addresses hosts make themselves is new: every port of its network has one there.</summary>
    public async Task AddAutoAddressesAsync(Session tx, Subnet subnet, CancellationToken ct)
    {
        var ports = await PortTable.Table.ListAsync(tx, "r.network_id = @network AND r.device_owner <> @interface", ct,
            ("network", subnet.NetworkId), ("interface", DeviceOwners.RouterInterface));
        foreach (var port in ports)
        {
            var ip = new FixedIp(subnet.Id, Mac.Eui64(subnet.Cidr, port.MacAddress).ToString());
            if (await AddressAllocator.TakeAsync(tx, port.Id, ip, ct) is null)
                await SaveAsync(tx, port, [.. port.FixedIps.Items, ip], ct);
        }
    }

    /// <summary>A subnet goes: the addresses that ports have there go with it.</summary>
    public async Task RemoveSubnetAsync(Session tx, string subnetId, CancellationToken ct)
    {
        var ports = await PortTable.Table.ListAsync(tx, "r.id IN (SELECT port_id FROM ip_allocations WHERE subnet_id = @subnet)", ct, ("subnet", subnetId));
        foreach (var port in ports)
            await SaveAsync(tx, port, [.. port.FixedIps.Items.Where(ip => ip.SubnetId != subnetId)], ct);
        await tx.ExecuteAsync("DELETE FROM ip_allocations WHERE subnet_id = @subnet", ct, ("subnet", subnetId));
    }

    private async Task SaveAsync(Session tx, Port port, List<FixedIp> ips, CancellationToken ct)
    {
        await PortTable.Table.UpdateAsync(tx, port with
        {
            FixedIps = JsonList<FixedIp>.Of(ips, NetworkingJson.Default.ListFixedIp),
            RevisionNumber = port.RevisionNumber + 1,
        }, ct);
        await marks.PortAsync(tx, port, ct);
    }
}
