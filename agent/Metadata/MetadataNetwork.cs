namespace Appliance.Agent.Metadata;

/// <summary>A network of this node whose guests may ask for metadata.</summary>
/// <param name="BridgeName">The network's bridge; it may not exist yet.</param>
internal sealed record MetadataNetwork(string NetworkId, string BridgeName, int Mtu);
