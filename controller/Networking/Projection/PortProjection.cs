using Appliance.Controller.Data;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Networks;
using Appliance.Controller.Networking.Ports;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Networking.Projection;

/// <summary>Keeps each server port's document on its node, and its neighbour entries on the other nodes of its network.</summary>
internal sealed class PortProjection(NodeDocuments documents, Endpoints endpoints)
{
    /// <summary>Answers the networks whose presence may have changed with the port.</summary>
    public async Task<List<string>> SyncAsync(Session tx, string portId, CancellationToken ct)
    {
        var port = await PortTable.Table.FindAsync(tx, portId, ct);
        var endpoint = port is null ? null : await Endpoints.FindAsync(tx, portId, ct);
        var holders = await tx.ListAsync(
            "SELECT node_id, body FROM desired_documents WHERE kind = @kind AND id = @id AND body IS NOT NULL",
            static row => (Node: row.String(0), Body: row.String(1)), ct, ("kind", DocumentKinds.Port), ("id", portId));
        var networks = holders.Where(holder => holder.Node != endpoint?.NodeId).Select(static holder => NetworkOf(holder.Body)).ToList();

        if (port is { NodeId: { } node } && !DeviceOwners.IsNetwork(port.DeviceOwner) && port.DeviceId.Length > 0)
        {
            await documents.PutOnlyAsync(tx, [node], DocumentKinds.Port, portId, await ViewAsync(tx, port, ct), ProtocolJson.Default.PortDocument, ct);
            if (!holders.Any(holder => holder.Node == node))
                networks.Add(port.NetworkId);
        }
        else
        {
            await documents.RemoveExceptAsync(tx, [], DocumentKinds.Port, portId, ct);
        }

        var network = endpoint is null ? null : await NetworkTable.Table.FindAsync(tx, endpoint.NetworkId, ct);
        await endpoints.SyncNeighborAsync(tx, portId, endpoint, network?.SegmentationId is not null, ct);
        return networks;
    }

    private static async Task<PortDocument> ViewAsync(Session tx, Port port, CancellationToken ct)
    {
        var floating = await tx.FindAsync("SELECT address FROM floatingips WHERE port_id = @port ORDER BY created_at",
            static row => row.String(0), ct, ("port", port.Id));
        var ips = port.FixedIps.Items;
        return new PortDocument(
            port.Id, port.NetworkId, port.ProjectId, port.DeviceId, port.MacAddress, port.AdminStateUp, port.PortSecurityEnabled,
            port.DnsName.Length > 0 ? port.DnsName : HostName(ips), [.. ips.Select(static ip => new FixedIpDocument(ip.SubnetId, ip.IpAddress))],
            port.SecurityGroupIds.Items,
            [.. port.AddressPairs.Items.Select(pair => new AddressPairDocument(pair.IpAddress, pair.MacAddress ?? port.MacAddress))],
            [.. port.DhcpOptions.Items.Select(static option => new DhcpOptionDocument(option.OptName, option.OptValue ?? "", option.IpVersion))],
            floating);
    }

    // As Neutron's DHCP agent names a host that nobody named.
    private static string HostName(List<FixedIp> ips) =>
        ips.Count == 0 ? "" : "host-" + Ip.Parse(ips[0].IpAddress).ToString().Replace('.', '-').Replace(':', '-');

    private static string NetworkOf(string body)
    {
        using var document = System.Text.Json.JsonDocument.Parse(body);
        return document.RootElement.GetProperty("network_id").GetString()!;
    }
}
