using System.Net;
using Appliance.Agent.Network.Plan;

namespace Appliance.Agent.Network;

/// <summary>What a node's operator decides about its network.</summary>
internal sealed record NetworkOptions
{
    /// <summary>This node's address on the underlay, which other nodes send VXLAN to; null: tenant networks end at this node.</summary>
    public IPAddress? TunnelAddress { get; init; }

    /// <summary>UDP port of VXLAN; 4789 is IANA's.</summary>
    public int VxlanPort { get; init; } = 4789;

    /// <summary>The user that guests' processes run as, who may open the TAP devices; null: only privileged processes.</summary>
    public int? TapOwnerUid { get; init; }

    /// <summary>The same for the group.</summary>
    public int? TapOwnerGid { get; init; }

    public IReadOnlyList<ProviderMapping> Providers { get; init; } = [];

    /// <summary>
    /// Tells apart the named namespaces of several agents on one machine, which share /run/netns. Null: empty for the agent in the machine's
    /// own network namespace, that namespace's number for another. At most 20 characters.
    /// </summary>
    public string? Instance { get; init; }
}
