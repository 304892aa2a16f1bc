namespace Appliance.Agent.Metadata;

/// <summary>A network of this node whose guests may ask for metadata.</summary>
/// <param name="NamespaceName">The named network namespace on the network's bridge that holds the metadata addresses; it may not exist yet.</param>
/// <param name="InterfaceName">The interface in it that holds them.</param>
internal sealed record MetadataNetwork(string NetworkId, string NamespaceName, string InterfaceName);
