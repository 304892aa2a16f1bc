using System.Text.Json.Serialization;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.Subnets;

/// <summary>An IP prefix on a network, and how its addresses are given out.</summary>
internal sealed record Subnet : Resource
{
    public required string NetworkId { get; init; }
    public int IpVersion { get; init; }

    /// <summary>The pool its prefix was taken from.</summary>
    public string? SubnetPoolId { get; init; }
    public required string CidrText { get; init; }
    public string? GatewayIp { get; init; }
    public bool EnableDhcp { get; init; }
    public string? Ipv6RaMode { get; init; }
    public string? Ipv6AddressMode { get; init; }
    public required JsonList<string> DnsNameservers { get; init; }
    public required JsonList<HostRoute> HostRoutes { get; init; }
    public required JsonList<AllocationPool> Pools { get; init; }

    public Cidr Cidr => Cidr.Parse(CidrText);

    /// <summary>Whether ports make their own addresses here from router advertisements, so that each port has one without asking.</summary>
    /// <remarks>neutron/common/ipv6_utils.py is_auto_address_subnet: either mode says so.</remarks>
    public bool IsAutoAddress => Ipv6Modes.IsAuto(Ipv6AddressMode) || Ipv6Modes.IsAuto(Ipv6RaMode);
}

internal sealed record HostRoute(string Destination, string Nexthop);

internal sealed record AllocationPool(string Start, string End)
{
    [JsonIgnore]
    public AddressRange Range => new(Ip.Parse(Start), Ip.Parse(End));
}

/// <summary>Values of <c>ipv6_ra_mode</c> and <c>ipv6_address_mode</c>.</summary>
internal static class Ipv6Modes
{
    public const string Slaac = "slaac";
    public const string DhcpStateful = "dhcpv6-stateful";
    public const string DhcpStateless = "dhcpv6-stateless";

    public static bool IsAuto(string? mode) => mode is Slaac or DhcpStateless;

    public static readonly string[] All = [DhcpStateful, DhcpStateless, Slaac];
}
