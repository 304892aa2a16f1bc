using Appliance.Agent.Network;
using Appliance.Agent.Node.Documents;
using Appliance.Agent.Node.Reconcile;
using Appliance.Protocol;

namespace Appliance.Agent.Commands.Parts;

/// <summary>Bridges, TAPs, tunnels, routers and rules, from the documents of the network.</summary>
/// <param name="onPass">Runs after each pass: others depend on what it made.</param>
internal sealed class NetworkConsumer(NodeNetwork network, Action onPass) : IConsumer
{
    public const string PartName = "network";

    public static readonly IReadOnlyList<string> DocumentKinds =
    [
        Protocol.DocumentKinds.Network, Protocol.DocumentKinds.Port, Protocol.DocumentKinds.Neighbor, Protocol.DocumentKinds.SecurityGroup,
        Protocol.DocumentKinds.AddressSet, Protocol.DocumentKinds.Router,
    ];

    public string Name => PartName;
    public IReadOnlyList<string> Kinds => DocumentKinds;

    public async Task<PassResult> ConvergeAsync(DesiredState desired, CancellationToken ct)
    {
        var statuses = await network.ConvergeAsync(
            new NetworkDesired(
                desired.Networks, desired.Ports, desired.Neighbors, desired.SecurityGroups, desired.AddressSets, desired.Routers), ct);
        onPass();
        return new PassResult(
        [
            .. statuses,
            .. desired.Unreadable(Protocol.DocumentKinds.Network, ProtocolJson.Default.NetworkDocument),
            .. desired.Unreadable(Protocol.DocumentKinds.Port, ProtocolJson.Default.PortDocument),
            .. desired.Unreadable(Protocol.DocumentKinds.Router, ProtocolJson.Default.RouterDocument),
        ]);
    }
}
