using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.FloatingIps;

/// <summary>An address of an external network that leads to one address of a port inside.</summary>
internal sealed record FloatingIp : Resource
{
    public required string NetworkId { get; init; }
    public required string Address { get; init; }

    /// <summary>The port on the external network that holds the address.</summary>
    public required string ExternalPortId { get; init; }

    /// <summary>The port it leads to; null while it leads nowhere.</summary>
    public string? PortId { get; init; }
    public string? FixedIpAddress { get; init; }
    public string? RouterId { get; init; }

    /// <summary><c>ACTIVE</c> while it translates, <c>DOWN</c> before, <c>ERROR</c>.</summary>
    public string Status { get; init; } = Ports.PortStatuses.Down;

    /// <summary>The port it leads to, filled in by the kind.</summary>
    public Ports.Port? Port { get; init; }
}
