using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.Networks;

/// <summary>A layer-2 network: VXLAN between the nodes for tenants, or a flat provider network.</summary>
internal sealed record Network : Resource
{
    public bool AdminStateUp { get; init; }

    /// <summary>Every project may use it.</summary>
    public bool Shared { get; init; }

    /// <summary>Routers may have their gateway and floating IPs on it; visible to every project.</summary>
    public bool External { get; init; }
    public bool PortSecurityEnabled { get; init; }

    /// <summary>In bytes.</summary>
    public int Mtu { get; init; }

    /// <summary><c>vxlan</c> or <c>flat</c>.</summary>
    public string Type { get; init; } = "";
    public string? PhysicalNetwork { get; init; }

    /// <summary>VXLAN network identifier.</summary>
    public int? SegmentationId { get; init; }
    public bool IsDefault { get; init; }
    public required JsonList<string> ZoneHints { get; init; }

    /// <summary>Filled in by the kind.</summary>
    public IReadOnlyList<string> SubnetIds { get; init; } = [];
}
