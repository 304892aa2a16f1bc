using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.Ports;

/// <summary>A place on a network for one NIC: its MAC address, its IP addresses, its rules and the node that has it.</summary>
internal sealed record Port : Resource
{
    public required string NetworkId { get; init; }
    public bool AdminStateUp { get; init; } = true;

    /// <summary><see cref="PortStatuses"/>.</summary>
    public string Status { get; init; } = PortStatuses.Down;
    public required string MacAddress { get; init; }
    public string DeviceId { get; init; } = "";
    public string DeviceOwner { get; init; } = "";
    public required JsonList<FixedIp> FixedIps { get; init; }
    public required JsonList<string> SecurityGroupIds { get; init; }
    public required JsonList<AddressPair> AddressPairs { get; init; }
    public required JsonList<DhcpOption> DhcpOptions { get; init; }
    public bool PortSecurityEnabled { get; init; }

    /// <summary><c>binding:host_id</c>; empty while unbound.</summary>
    public string HostId { get; init; } = "";

    /// <summary>The node behind <see cref="HostId"/>; null when there is no such node.</summary>
    public string? NodeId { get; init; }
    public string VnicType { get; init; } = "normal";

    /// <summary><c>binding:profile</c>, JSON text.</summary>
    public string Profile { get; init; } = "{}";

    /// <summary>DNS label for DHCP; empty: made of the first address.</summary>
    public string DnsName { get; init; } = "";

    /// <summary>Name of the NIC in the server's device metadata; null: none.</summary>
    public string? NicTag { get; init; }

    /// <summary>Place among the NICs of its server, ascending.</summary>
    public long NicOrder { get; init; }

    /// <summary>Whether the port was made for its server and goes with it.</summary>
    public bool IsServerOwned { get; init; }

    /// <summary><c>binding:vif_type</c>. Source: neutron_lib/api/definitions/portbindings.py.</summary>
    public string VifType => HostId.Length == 0 ? "unbound" : NodeId is null ? "binding_failed" : "bridge";
}

/// <summary>An address of a port, as stored and shown.</summary>
internal sealed record FixedIp(string SubnetId, string IpAddress);

/// <summary>What a body asks for: a subnet, an address, or both.</summary>
internal sealed record FixedIpRequest(string? SubnetId, string? IpAddress);

internal sealed record AddressPair(string? MacAddress, string IpAddress);

internal sealed record DhcpOption(string OptName, string? OptValue, int IpVersion);

internal static class PortStatuses
{
    public const string Active = "ACTIVE";
    public const string Down = "DOWN";
    public const string Build = "BUILD";
    public const string Error = "ERROR";
}
