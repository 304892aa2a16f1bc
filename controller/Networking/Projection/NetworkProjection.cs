using Appliance.Controller.Data;
using Appliance.Controller.Networking.Networks;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Subnets;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Networking.Projection;

/// <summary>Keeps each network's document on the nodes the network is present on.</summary>
internal sealed class NetworkProjection(NodeDocuments documents, Endpoints endpoints)
{
    public async Task SyncAsync(Session tx, string networkId, CancellationToken ct)
    {
        var before = await NodeDocuments.ListHoldersAsync(tx, DocumentKinds.Network, networkId, ct);
        var network = await NetworkTable.Table.FindAsync(tx, networkId, ct);
        IReadOnlyList<string> present = network is null ? [] : await Endpoints.ListNodesAsync(tx, networkId, ct);
        if (network is not null && present.Count > 0)
        {
            var document = await ViewAsync(tx, network, ct);
            await documents.PutOnlyAsync(tx, present, DocumentKinds.Network, networkId, document, ProtocolJson.Default.NetworkDocument, ct);
        }
        else
        {
            await documents.RemoveExceptAsync(tx, [], DocumentKinds.Network, networkId, ct);
        }

        if (network?.SegmentationId is not null)
        {
            foreach (var node in present.Except(before))
                await endpoints.AddNeighborsAsync(tx, node, networkId, ct);
        }

        foreach (var node in before.Except(present))
            await endpoints.RemoveNeighborsAsync(tx, node, networkId, ct);
    }

    private static async Task<NetworkDocument> ViewAsync(Session tx, Network network, CancellationToken ct)
    {
        var subnets = await PortStore.ListSubnetsAsync(tx, network.Id, ct);
        var interfaces = (await tx.ListAsync(
            """
            SELECT a.subnet_id, a.ip_address, p.mac_address FROM ports p JOIN ip_allocations a ON a.port_id = p.id
            WHERE p.network_id = @network AND p.device_owner = @interface
            """, static row => (Subnet: row.String(0), Address: row.String(1), Mac: row.String(2)), ct,
            ("network", network.Id), ("interface", DeviceOwners.RouterInterface))).ToLookup(static row => row.Subnet);
        return new NetworkDocument(
            network.Id, network.ProjectId, network.Type, network.SegmentationId, network.PhysicalNetwork, network.Mtu, network.AdminStateUp,
            DnsDomain: null, [.. subnets.Select(subnet => View(subnet, [.. interfaces[subnet.Id].Select(static row => (row.Address, row.Mac))]))]);
    }

    private static SubnetDocument View(Subnet subnet, IReadOnlyList<(string Address, string Mac)> interfaces) => new(
        subnet.Id, subnet.IpVersion, subnet.CidrText, subnet.GatewayIp, subnet.EnableDhcp, subnet.Ipv6RaMode, subnet.Ipv6AddressMode,
        HasRouter: interfaces.Count > 0, subnet.DnsNameservers.Items,
        [.. subnet.HostRoutes.Items.Select(static route => new RouteDocument(route.Destination, route.Nexthop))],
        interfaces.Where(held => held.Address == subnet.GatewayIp).Select(static held => held.Mac).FirstOrDefault());
}
