using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network;

/// <summary>
/// Everything of the network that this node should have. What is not named is removed. Documents that have not changed since the last pass
/// should be the same objects: their rules are then not written again.
/// </summary>
internal sealed record NetworkDesired(
    IReadOnlyList<Versioned<NetworkDocument>> Networks,
    IReadOnlyList<Versioned<PortDocument>> Ports,
    IReadOnlyList<Versioned<NeighborDocument>> Neighbors,
    IReadOnlyList<Versioned<SecurityGroupDocument>> SecurityGroups,
    IReadOnlyList<Versioned<AddressSetDocument>> AddressSets,
    IReadOnlyList<Versioned<RouterDocument>> Routers)
{
    /// <summary>Nothing: converging to it removes every kernel object of this node's network.</summary>
    public static NetworkDesired Nothing { get; } = new([], [], [], [], [], []);
}
