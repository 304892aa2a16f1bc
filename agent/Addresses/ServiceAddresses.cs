using System.Net;

namespace Appliance.Agent.Addresses;

/// <summary>The addresses under which a node serves its guests, the same on every network of every node.</summary>
internal static class ServiceAddresses
{
    /// <summary>Locally administered, made from the metadata address; outside the range ports get theirs from.</summary>
    public static readonly MacAddress Mac = new(0x02_A9_FE_A9_FE_00);

    /// <summary>The metadata address every OpenStack and EC2 guest knows.</summary>
    public static readonly IPAddress Ipv4 = new([169, 254, 169, 254]);

    /// <summary>Its IPv6 counterpart (Neutron, <c>METADATA_V6_IP</c>).</summary>
    public static readonly IPAddress Ipv6 = IPAddress.Parse("fe80::a9fe:a9fe");
}
