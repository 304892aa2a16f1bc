using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;

namespace Appliance.Controller.Networking.SecurityGroups;

/// <summary>What makes a security group rule valid, and when two are the same. Source: neutron/db/securitygroups_db.py.</summary>
internal static class SecurityGroupRuleRules
{
    public static Fault? Check(SecurityGroupRule rule) =>
        CheckPorts(rule) ?? CheckPrefix(rule) ?? CheckFamily(rule)
        ?? (rule is { RemoteIpPrefix: not null, RemoteGroupId: not null } ? SecurityGroupErrors.SeveralRemotes : null);

    /// <summary>The whole port range is stored as none, which nodes match faster.</summary>
    public static SecurityGroupRule Canonical(SecurityGroupRule rule) =>
        rule is { PortRangeMin: 1, PortRangeMax: 65535 } ? rule with { PortRangeMin = null, PortRangeMax = null } : rule;

    /// <summary>Whether both allow the same traffic by the same words, aliases of protocols and of "anywhere" counted in.</summary>
    public static bool AreSame(SecurityGroupRule left, SecurityGroupRule right) =>
        left.Direction == right.Direction && left.EtherType == right.EtherType && left.RemoteGroupId == right.RemoteGroupId
        && left.PortRangeMin == right.PortRangeMin && left.PortRangeMax == right.PortRangeMax
        && IpProtocols.EffectiveNumber(left.Protocol, left.EtherType) == IpProtocols.EffectiveNumber(right.Protocol, right.EtherType)
        && Anywhere(left.RemoteIpPrefix) == Anywhere(right.RemoteIpPrefix);

    /// <summary>The rules a new group has: everything may leave; into the default group, everything from its own members.</summary>
    public static IEnumerable<SecurityGroupRule> Initial(SecurityGroup group)
    {
        foreach (var etherType in (string[])["IPv4", "IPv6"])
        {
            if (group.IsDefault)
                yield return New("ingress", etherType, group.Id);
            yield return New("egress", etherType, null);
        }

        SecurityGroupRule New(string direction, string etherType, string? remote) => new()
        {
            Id = Guid.NewGuid().ToString(),
            ProjectId = group.ProjectId,
            CreatedAt = group.CreatedAt,
            UpdatedAt = group.CreatedAt,
            GroupId = group.Id,
            Direction = direction,
            EtherType = etherType,
            RemoteGroupId = remote,
        };
    }

    private static Fault? CheckPorts(SecurityGroupRule rule)
    {
        var (min, max) = (rule.PortRangeMin, rule.PortRangeMax);
        if (min is null && max is null)
            return null;
        if (IpProtocols.NumberOf(rule.Protocol) is not { } protocol)
            return SecurityGroupErrors.ProtocolRequired;
        if (protocol is IpProtocols.Icmp or IpProtocols.Icmpv6)
            return CheckIcmp(min, max);
        if (!IpProtocols.HasPorts(protocol))
            return SecurityGroupErrors.NoPorts(protocol);
        if (min == 0 || max == 0)
            return SecurityGroupErrors.PortZero;
        return min <= max ? null : SecurityGroupErrors.InvalidPortRange;
    }

    private static Fault? CheckIcmp(int? type, int? code)
    {
        if (type > 255)
            return SecurityGroupErrors.InvalidIcmp("type", "port_range_min", type.Value);
        if (code > 255)
            return SecurityGroupErrors.InvalidIcmp("code", "port_range_max", code.Value);
        return type is null && code is not null ? SecurityGroupErrors.MissingIcmpType(code.Value) : null;
    }

    private static Fault? CheckPrefix(SecurityGroupRule rule) =>
        rule.RemoteIpPrefix is { } prefix && rule.EtherType != $"IPv{Cidr.Parse(prefix).Version}"
            ? SecurityGroupErrors.PrefixConflict(rule.EtherType, prefix) : null;

    private static Fault? CheckFamily(SecurityGroupRule rule) =>
        rule.EtherType == "IPv4" && IpProtocols.NumberOf(rule.Protocol) is { } protocol && IpProtocols.IsIpv6Only(protocol)
            ? SecurityGroupErrors.EtherTypeConflict(rule.EtherType, rule.Protocol!) : null;

    private static string? Anywhere(string? prefix) => prefix is "0.0.0.0/0" or "::/0" ? null : prefix;
}
