using Appliance.Agent.Metadata;
using Appliance.Agent.Metadata.ConfigDrive;
using Appliance.Agent.Network.Guest;
using Appliance.Agent.Network.Plan;
using Appliance.Agent.Node.Documents;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Commands.Parts;

/// <summary>Documents put together as the guest services want them. What refers to a document that is not here yet is left out until it is.</summary>
internal static class NodeGuests
{
    /// <summary>Ports to answer DHCP on, with their networks and TAPs.</summary>
    public static IReadOnlyList<PortService> Ports(DesiredState desired)
    {
        var networks = desired.Networks.ToDictionary(static network => network.Document.Id, static network => network.Document);
        var ports = new List<PortService>();
        foreach (var (_, port) in desired.Ports)
        {
            if (networks.TryGetValue(port.NetworkId, out var network))
                ports.Add(new PortService(port, network, NetworkNames.Tap(port.Id)));
        }

        return ports;
    }

    /// <summary>Servers as their guests may see them.</summary>
    public static IReadOnlyList<MetadataServer> Servers(DesiredState desired) =>
        [.. desired.Servers.Select(server => Server(desired, server.Document))];

    /// <summary>The networks of these servers.</summary>
    /// <param name="instance"><see cref="Network.NodeNetwork.Instance"/>.</param>
    public static IReadOnlyList<MetadataNetwork> Networks(IReadOnlyList<MetadataServer> servers, string instance) =>
    [
        .. servers.SelectMany(static server => server.Ports).Select(static port => port.Network).DistinctBy(static network => network.Id)
            .Select(network => new MetadataNetwork(
                network.Id, NetworkNames.MetadataNamespace(instance, network.Id), NetworkNames.MetadataInterface)),
    ];

    /// <summary>Writes a server's config drive.</summary>
    public static Task WriteConfigDriveAsync(DesiredState desired, ServerDocument server, string path, TimeProvider clock, CancellationToken ct) =>
        ConfigDriveImage.WriteAsync(Server(desired, server), path, clock, ct);

    private static MetadataServer Server(DesiredState desired, ServerDocument server)
    {
        var ports = new List<MetadataPort>();
        foreach (var id in server.PortIds)
        {
            if (desired.Find(DocumentKinds.Port, id, ProtocolJson.Default.PortDocument) is { Document: var port }
                && desired.Find(DocumentKinds.Network, port.NetworkId, ProtocolJson.Default.NetworkDocument) is { Document: var network })
                ports.Add(new MetadataPort(port, network));
        }

        return new MetadataServer(server, ports);
    }
}
