namespace Appliance.Controller.Networking.SecurityGroups;

/// <summary>The protocol names rules accept. Source: neutron_lib/constants.py IP_PROTOCOL_MAP, neutron/common/_constants.py.</summary>
internal static class IpProtocols
{
    public const int Icmp = 1;
    public const int Icmpv6 = 58;

    /// <summary>Protocols with port numbers, in the order messages name them.</summary>
    public static readonly string[] WithPorts = ["dccp", "sctp", "tcp", "udp", "udplite"];

    public static readonly IReadOnlyDictionary<string, int> Numbers = new Dictionary<string, int>
    {
        ["ah"] = 51,
        ["dccp"] = 33,
        ["egp"] = 8,
        ["esp"] = 50,
        ["gre"] = 47,
        ["hopopt"] = 0,
        ["icmp"] = 1,
        ["igmp"] = 2,
        ["ip"] = 0,
        ["ipip"] = 4,
        ["ipv6-encap"] = 41,
        ["ipv6-frag"] = 44,
        ["ipv6-icmp"] = 58,
        ["icmpv6"] = 58,
        ["ipv6-nonxt"] = 59,
        ["ipv6-opts"] = 60,
        ["ipv6-route"] = 43,
        ["ospf"] = 89,
        ["pgm"] = 113,
        ["rsvp"] = 46,
        ["sctp"] = 132,
        ["tcp"] = 6,
        ["udp"] = 17,
        ["udplite"] = 136,
        ["vrrp"] = 112,
    };

    private static readonly int[] Ipv6Only = [41, 43, 44, 58, 59, 60];

    /// <summary>The number behind a rule's protocol; null for any.</summary>
    public static int? NumberOf(string? protocol) =>
        protocol is null ? null : Numbers.TryGetValue(protocol, out var number) ? number : int.Parse(protocol, CultureInfo.InvariantCulture);

    /// <summary>The number with the family's own ICMP: <c>icmp</c> in an IPv6 rule means ICMPv6.</summary>
    public static int? EffectiveNumber(string? protocol, string etherType) =>
        NumberOf(protocol) is Icmp && etherType == "IPv6" ? Icmpv6 : NumberOf(protocol);

    public static bool HasPorts(int number) => WithPorts.Any(name => Numbers[name] == number);
    public static bool IsIpv6Only(int number) => Ipv6Only.Contains(number);
}
