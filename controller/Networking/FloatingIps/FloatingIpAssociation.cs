using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.FloatingIps;

/// <summary>Leads a floating IP to an address of a port, by a router that knows both sides. Source: neutron/db/l3_db.py.</summary>
internal sealed class FloatingIpAssociation(ResourceKind<Port> ports)
{
    /// <summary>The floating IP with its new destination; not stored yet.</summary>
    public async Task<Outcome<FloatingIp>> AssociateAsync(
        Session tx, Caller caller, FloatingIp ip, string portId, string? fixedAddress, CancellationToken ct)
    {
        if (await ports.FindAsync(tx, caller, portId, ct) is not { } port)
            return NeutronErrors.PortNotFound(portId);
        if (port.ProjectId != ip.ProjectId && !caller.IsAdmin)
            return Bad($"Cannot process floating IP association with Port {portId}, since that port is owned by a different project");
        if (ChooseAddress(port, fixedAddress).Failed(out var badAddress, out var inside))
            return badAddress;
        if (await FindRouterAsync(tx, inside.SubnetId, ip.NetworkId, ct) is not { } router)
        {
            return NeutronErrors.NotFound("ExternalGatewayForFloatingIPNotFound",
                $"External network {ip.NetworkId} is not reachable from subnet {inside.SubnetId}.  " +
                $"Therefore, cannot associate Port {portId} with a Floating IP.");
        }

        var isTaken = await tx.CountAsync(
            "SELECT COUNT(*) FROM floatingips WHERE port_id = @port AND fixed_ip_address = @fixed AND network_id = @network AND id <> @id",
            ct, ("port", portId), ("fixed", inside.IpAddress), ("network", ip.NetworkId), ("id", ip.Id)) > 0;
        if (isTaken)
        {
            return NeutronErrors.Conflict("FloatingIPPortAlreadyAssociated",
                $"Cannot associate floating IP {ip.Address} ({ip.Id}) with port {portId} using fixed IP {inside.IpAddress}, " +
                $"as that fixed IP already has a floating IP on external network {ip.NetworkId}.");
        }

        var isSame = ip.PortId == portId && ip.FixedIpAddress == inside.IpAddress && ip.RouterId == router;
        return ip with
        {
            PortId = portId,
            FixedIpAddress = inside.IpAddress,
            RouterId = router,
            Port = port,
            Status = isSame ? ip.Status : PortStatuses.Down,
        };
    }

    public static Fault Bad(string message) => NeutronErrors.Invalid("BadRequest", $"Bad floatingip request: {message}.");

    private static Outcome<FixedIp> ChooseAddress(Port port, string? asked)
    {
        if (DeviceOwners.IsNetwork(port.DeviceOwner))
            return Bad($"Port {port.Id} is unable to be assigned a floating IP");
        var ips = port.FixedIps.Items;
        if (asked is not null)
        {
            if (Ip.Parse(asked).Version != 4)
                return Bad($"Cannot process floating IP association with {asked}, since that is not an IPv4 address");
            return ips.Find(ip => ip.IpAddress == asked) is { } found ? found : Bad($"Port {port.Id} does not have fixed ip {asked}");
        }

        var v4 = ips.Where(static ip => Ip.Parse(ip.IpAddress).Version == 4).ToList();
        return v4.Count switch
        {
            1 => v4[0],
            0 => Bad($"Cannot add floating IP to port {port.Id} that has no fixed IPv4 addresses"),
            _ => Bad($"Port {port.Id} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning a floating IP"),
        };
    }

    // Of several routers, the one that is the subnet's gateway.
    private static Task<string?> FindRouterAsync(Session tx, string subnetId, string externalNetworkId, CancellationToken ct) => tx.FindAsync(
        """
        SELECT o.id FROM routers o JOIN ports p ON p.device_id = o.id AND p.device_owner = @interface JOIN ip_allocations a ON a.port_id = p.id
        JOIN subnets s ON s.id = a.subnet_id WHERE a.subnet_id = @subnet AND o.gateway_network_id = @external
        ORDER BY CASE WHEN a.ip_address = s.gateway_ip THEN 0 ELSE 1 END, o.created_at
        """,
        static row => row.String(0), ct, ("interface", DeviceOwners.RouterInterface), ("subnet", subnetId), ("external", externalNetworkId));
}
