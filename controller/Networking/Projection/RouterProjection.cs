using Appliance.Controller.Data;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.FloatingIps;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Routers;
using Appliance.Controller.Networking.Subnets;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Networking.Projection;

/// <summary>Places each router on a node and keeps its document there.</summary>
internal sealed class RouterProjection(NodeDocuments documents, RouterPlacement placement, PortProjection ports)
{
    /// <summary>Answers the networks whose presence may have changed with the router.</summary>
    public async Task<List<string>> SyncAsync(Session tx, string routerId, CancellationToken ct)
    {
        if (await RouterTable.Table.FindAsync(tx, routerId, ct) is not { } router)
        {
            await documents.RemoveExceptAsync(tx, [], DocumentKinds.Router, routerId, ct);
            return [];
        }

        var node = await placement.ChooseAsync(tx, router, ct);
        var attached = await PortTable.Table.ListAsync(tx, "r.device_id = @router ORDER BY r.created_at, r.id", ct, ("router", routerId));
        if (node != router.NodeId)
        {
            router = router with { NodeId = node };
            await RouterTable.Table.UpdateAsync(tx, router, ct);
            foreach (var port in attached)
                await ports.SyncAsync(tx, port.Id, ct);
        }

        if (node is null)
            await documents.RemoveExceptAsync(tx, [], DocumentKinds.Router, routerId, ct);
        else
            await documents.PutOnlyAsync(tx, [node], DocumentKinds.Router, routerId, await ViewAsync(tx, router, attached, ct), ProtocolJson.Default.RouterDocument, ct);
        return [.. attached.Select(static port => port.NetworkId).Distinct()];
    }

    private static async Task<RouterDocument> ViewAsync(Session tx, Router router, List<Port> attached, CancellationToken ct)
    {
        var subnets = (await SubnetTable.Table.ListAsync(tx,
            "r.network_id IN (SELECT p.network_id FROM ports p WHERE p.device_id = @router)", ct, ("router", router.Id)))
            .ToDictionary(static subnet => subnet.Id);
        var gateway = attached.Find(port => port.Id == router.GatewayPortId);
        var floating = await FloatingIpTable.Table.ListAsync(tx, "r.router_id = @router ORDER BY r.created_at, r.id", ct, ("router", router.Id));
        return new RouterDocument(
            router.Id, router.ProjectId, router.AdminStateUp, gateway is null ? null : ViewGateway(router, gateway, subnets),
            [.. attached.Where(static port => port.DeviceOwner == DeviceOwners.RouterInterface)
                .Select(port => new RouterInterfaceDocument(port.Id, port.NetworkId, port.MacAddress, Addresses(port, subnets)))],
            [.. router.Routes.Items.Select(static route => new RouteDocument(route.Destination, route.Nexthop))],
            [.. floating.Where(static ip => ip.FixedIpAddress is not null)
                .Select(static ip => new FloatingIpDocument(ip.Id, ip.Address, ip.FixedIpAddress!))]);
    }

    private static RouterGatewayDocument ViewGateway(Router router, Port port, Dictionary<string, Subnet> subnets)
    {
        var nextHops = port.FixedIps.Items.Select(ip => subnets[ip.SubnetId]).Where(static subnet => subnet.GatewayIp is not null)
            .GroupBy(static subnet => subnet.IpVersion).Select(static family => family.First().GatewayIp!);
        return new RouterGatewayDocument(port.Id, port.NetworkId, port.MacAddress, Addresses(port, subnets), [.. nextHops], router.EnableSnat);
    }

    private static List<string> Addresses(Port port, Dictionary<string, Subnet> subnets) =>
        [.. port.FixedIps.Items.Select(ip => new Cidr(Ip.Parse(ip.IpAddress), subnets[ip.SubnetId].Cidr.PrefixLength).ToString())];
}
