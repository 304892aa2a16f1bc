using Appliance.Controller.Link;

namespace Appliance.Controller.Compute.Hosts;

/// <summary>A node as the scheduler and the administrator's views see it.</summary>
/// <param name="Number">Its id in old versions of the API; 0 until it has registered.</param>
/// <param name="Zone">Availability zone.</param>
/// <param name="IsForcedDown">Administrator's word that the node is dead, whatever its link says.</param>
internal sealed record ComputeHost(
    long Number, Node Node, string Zone, bool IsDisabled, string? DisabledReason, bool IsForcedDown, DateTimeOffset? ChangedAt)
{
    public bool IsUp => Node.IsUp && !IsForcedDown;
}
