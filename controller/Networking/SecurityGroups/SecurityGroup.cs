using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.SecurityGroups;

/// <summary>A set of rules for the traffic of ports; every project has one called <c>default</c>.</summary>
internal sealed record SecurityGroup : Resource
{
    public const string DefaultName = "default";

    /// <summary>Whether answers to allowed traffic are allowed by themselves.</summary>
    public bool Stateful { get; init; } = true;
    public bool IsDefault { get; init; }

    /// <summary>Filled in by the kind.</summary>
    public IReadOnlyList<SecurityGroupRule> Rules { get; init; } = [];
}

/// <summary>Allows some traffic; what no rule allows is dropped.</summary>
internal sealed record SecurityGroupRule : Resource
{
    public required string GroupId { get; init; }

    /// <summary><c>ingress</c> or <c>egress</c>, seen from the port.</summary>
    public required string Direction { get; init; }

    /// <summary><c>IPv4</c> or <c>IPv6</c>.</summary>
    public required string EtherType { get; init; }

    /// <summary>A name of <see cref="IpProtocols"/> or a number; null: any.</summary>
    public string? Protocol { get; init; }

    /// <summary>First port, or the ICMP type.</summary>
    public int? PortRangeMin { get; init; }

    /// <summary>Last port, or the ICMP code.</summary>
    public int? PortRangeMax { get; init; }
    public string? RemoteIpPrefix { get; init; }
    public string? RemoteGroupId { get; init; }
}
