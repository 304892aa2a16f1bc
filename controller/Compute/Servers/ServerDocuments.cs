using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Link;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Compute.Servers;

/// <summary>Server documents: what the node of a server should make of it.</summary>
internal sealed class ServerDocuments(DesiredState desired, IServerNetworking networking)
{
    /// <summary>
    /// Writes the document of a server that has a node; answers the generation its status must carry. Nothing is sent when the document says
    /// what it said before.
    /// </summary>
    public async Task<long> PutAsync(Session tx, Server server, ServerBoot boot, CancellationToken ct)
    {
        var ports = await networking.ListPortsAsync(tx, server.Id, ct);
        var groups = await networking.ListSecurityGroupNamesAsync(tx, [server.Id], ct);
        return await PutAsync(tx, server, boot, [.. ports.Select(static port => port.PortId)], groups.GetValueOrDefault(server.Id) ?? [], ct);
    }

    /// <param name="portIds">NICs in order.</param>
    /// <param name="groupNames">Security groups, for the metadata service.</param>
    public Task<long> PutAsync(
        Session tx, Server server, ServerBoot boot, IReadOnlyList<string> portIds, IReadOnlyList<string> groupNames, CancellationToken ct)
    {
        var document = new ServerDocument(
            server.Id, server.ProjectId, server.UserId, server.Name, Driver: null, boot.ShouldRun ? PowerStates.Running : PowerStates.Stopped,
            server.Size.Vcpus, server.Size.MemoryMiB, server.Size.RootGiB, server.Size.EphemeralGiB, server.Size.SwapMiB, boot.Image, portIds,
            server.HasConfigDrive, ServerJson.ReadStrings(server.Size.ExtraSpecs), MetadataOf(server, boot, groupNames), boot.Operations);
        var body = JsonSerializer.SerializeToElement(document, ProtocolJson.Default.ServerDocument);
        return desired.PutAsync(tx, server.NodeId!, DocumentKinds.Server, server.Id, body, ct);
    }

    /// <summary>Takes the server off its node; the node says when nothing of it is left.</summary>
    public Task RemoveAsync(Session tx, Server server, CancellationToken ct) =>
        desired.RemoveAsync(tx, server.NodeId!, DocumentKinds.Server, server.Id, ct);

    /// <summary>Whether the node may still have something of the server.</summary>
    public static async Task<bool> IsOnNodeAsync(Session tx, Server server, CancellationToken ct) =>
        server.NodeId is { } node && await DesiredState.ExistsAsync(tx, node, DocumentKinds.Server, server.Id, ct);

    /// <summary>Whether the node should have the server: not when its build failed and the document was withdrawn.</summary>
    public static async Task<bool> IsWantedAsync(Session tx, Server server, CancellationToken ct) =>
        server.NodeId is { } node && await DesiredState.IsDesiredAsync(tx, node, DocumentKinds.Server, server.Id, ct);

    private static ServerMetadataDocument MetadataOf(Server server, ServerBoot boot, IReadOnlyList<string> groupNames) => new(
        server.HostName, server.Zone ?? "", boot.UserDataBase64, server.LaunchIndex, server.Size.FlavorName, server.ReservationId,
        ServerJson.ReadStrings(server.Metadata), boot.KeyPairs, groupNames, boot.AdminPassword, boot.Personality,
        boot.PasswordEpoch);
}
