using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Resources;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking.Routers;

/// <summary>Joins networks of a project with each other and, by its gateway, with an external network.</summary>
internal sealed record Router : Resource
{
    public bool AdminStateUp { get; init; } = true;

    /// <summary><c>ACTIVE</c>, or <c>ERROR</c> when its node says so.</summary>
    public string Status { get; init; } = PortStatuses.Active;
    public string? GatewayNetworkId { get; init; }
    public string? GatewayPortId { get; init; }

    /// <summary>Whether inside addresses leave as the gateway's own.</summary>
    public bool EnableSnat { get; init; } = true;
    public required JsonList<HostRoute> Routes { get; init; }
    public required JsonList<string> ZoneHints { get; init; }

    /// <summary>The node that hosts it; null until one does.</summary>
    public string? NodeId { get; init; }

    /// <summary>Addresses of the gateway port, JSON text; filled in by the kind.</summary>
    public string GatewayFixedIps { get; init; } = "[]";
}
