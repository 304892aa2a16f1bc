using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.SubnetPools;

/// <summary>Prefixes that subnets can be taken from without naming one.</summary>
internal sealed record SubnetPool : Resource
{
    public required JsonList<string> Prefixes { get; init; }
    public int IpVersion { get; init; }
    public int MinPrefixLength { get; init; }
    public int MaxPrefixLength { get; init; }

    /// <summary>Of a subnet that asks for no certain size.</summary>
    public int DefaultPrefixLength { get; init; }

    /// <summary>How much one project may take: addresses of IPv4, /64 networks of IPv6; null is no limit, and so is 0.</summary>
    public long? DefaultQuota { get; init; }
    public bool IsDefault { get; init; }

    /// <summary>Every project may use it.</summary>
    public bool Shared { get; init; }

    public PrefixSet Set => new(IpVersion, Prefixes.Items.Select(Cidr.Parse));
}
