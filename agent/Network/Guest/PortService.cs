using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network.Guest;

/// <summary>A port of this node to be served.</summary>
/// <param name="TapName">The interface the guest's frames come out of; it may not exist yet.</param>
internal sealed record PortService(PortDocument Port, NetworkDocument Network, string TapName);
