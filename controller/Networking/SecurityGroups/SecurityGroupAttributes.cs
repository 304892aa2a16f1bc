using System.Text.Json;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Resources;
using Attribute = Appliance.Controller.Networking.Resources.Attribute;

namespace Appliance.Controller.Networking.SecurityGroups;

/// <summary>
/// The attribute maps of security groups and rules. Source: neutron/extensions/securitygroup.py,
/// neutron_lib/api/definitions/{stateful_security_group,security_groups_normalized_cidr}.py.
/// </summary>
internal static class SecurityGroupAttributes
{
    public static readonly AttributeTable<SecurityGroupRule> Rules = new("security_group_rule",
    [
        StandardAttributes.Id<SecurityGroupRule>(),
        .. StandardAttributes.Owner<SecurityGroupRule>(),
        Attribute.Text<SecurityGroupRule>("security_group_id", static rule => rule.GroupId).PostRequired().ReadBy(SecurityGroupReaders.GroupId)
            .FilterText("r.group_id").SortBy("r.group_id"),
        Attribute.Text<SecurityGroupRule>("ethertype", static rule => rule.EtherType).Post("IPv4").ReadBy(SecurityGroupReaders.EtherType)
            .FilterText("r.ether_type").SortBy("r.ether_type"),
        Attribute.Text<SecurityGroupRule>("direction", static rule => rule.Direction).PostRequired().ReadBy(Read.Among("ingress", "egress"))
            .FilterText("r.direction").SortBy("r.direction"),
        Attribute.Text<SecurityGroupRule>("protocol", static rule => rule.Protocol).Post(null).ReadBy(SecurityGroupReaders.Protocol)
            .FilterText("COALESCE(r.protocol, '')").SortBy("COALESCE(r.protocol, '')"),
        Attribute.Number<SecurityGroupRule>("port_range_min", static rule => rule.PortRangeMin).Post(null).ReadBy(SecurityGroupReaders.Port)
            .FilterNumber("r.port_range_min").SortBy("COALESCE(r.port_range_min, -1)"),
        Attribute.Number<SecurityGroupRule>("port_range_max", static rule => rule.PortRangeMax).Post(null).ReadBy(SecurityGroupReaders.Port)
            .FilterNumber("r.port_range_max").SortBy("COALESCE(r.port_range_max, -1)"),
        Attribute.Text<SecurityGroupRule>("remote_ip_prefix", static rule => rule.RemoteIpPrefix).Post(null).ReadBy(SecurityGroupReaders.Prefix)
            .FilterText("COALESCE(r.remote_ip_prefix, '')").SortBy("COALESCE(r.remote_ip_prefix, '')"),
        Attribute.Text<SecurityGroupRule>("remote_group_id", static rule => rule.RemoteGroupId).Post(null).ReadBy(SecurityGroupReaders.RemoteGroupId)
            .FilterText("COALESCE(r.remote_group_id, '')").SortBy("COALESCE(r.remote_group_id, '')"),
        Attribute.Text<SecurityGroupRule>("normalized_cidr", static rule => rule.RemoteIpPrefix is { } prefix ? Cidr.Parse(prefix).Canonical.ToString() : null),
        .. StandardAttributes.Rest<SecurityGroupRule>(),
    ]);

    public static readonly AttributeTable<SecurityGroup> Groups = new("security_group",
    [
        StandardAttributes.Id<SecurityGroup>(),
        Attribute.Text<SecurityGroup>("name", static group => group.Name).Post("").Put().ReadBy(SecurityGroupReaders.Name)
            .FilterText("r.name").SortBy("r.name"),
        Attribute.Flag<SecurityGroup>("stateful", static group => group.Stateful).Post(true).Put().ReadBy(Read.Flag)
            .FilterFlag("r.stateful").SortBy("r.stateful"),
        .. StandardAttributes.Owner<SecurityGroup>(),
        new ResourceAttribute<SecurityGroup>("security_group_rules", WriteRules),
        .. StandardAttributes.Rest<SecurityGroup>(),
        .. StandardAttributes.Tags<SecurityGroup>(),
    ]);

    private static readonly IReadOnlyList<ResourceAttribute<SecurityGroupRule>> VisibleOfRules = [.. Rules.All.Where(static rule => rule.Write is not null)];

    private static void WriteRules(Utf8JsonWriter json, SecurityGroup group)
    {
        json.WriteStartArray();
        foreach (var rule in group.Rules)
            AttributeTable<SecurityGroupRule>.Write(json, rule, VisibleOfRules);
        json.WriteEndArray();
    }
}
