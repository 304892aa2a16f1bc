using Appliance.Agent.Metadata;
using Appliance.Agent.Node.Documents;
using Appliance.Agent.Node.Reconcile;
using Appliance.Protocol;

namespace Appliance.Agent.Commands.Parts;

/// <summary>The metadata service on each network that a server here has a port on.</summary>
/// <param name="instance"><see cref="Network.NodeNetwork.Instance"/>.</param>
internal sealed class MetadataConsumer(MetadataService metadata, PasswordStore passwords, string instance) : IConsumer
{
    public const string PartName = "metadata";

    public string Name => PartName;
    public IReadOnlyList<string> Kinds => [DocumentKinds.Server, DocumentKinds.Port, DocumentKinds.Network];

    public async Task<PassResult> ConvergeAsync(DesiredState desired, CancellationToken ct)
    {
        var servers = NodeGuests.Servers(desired);
        // What cannot be served now is served by the next pass: the network's pass wakes this one.
        await metadata.UpdateAsync(servers, NodeGuests.Networks(servers, instance), ct);
        foreach (var (_, server) in desired.Servers)
            passwords.Clear(server.Id, server.Metadata.PasswordEpoch);
        foreach (var removed in desired.Removed.Where(static removed => removed.Kind == DocumentKinds.Server))
            passwords.Delete(removed.Id);
        return PassResult.Clean;
    }
}
