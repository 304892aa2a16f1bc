using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.SecurityGroups;

/// <summary>Rows of security groups and their rules.</summary>
internal static class SecurityGroupTable
{
    public const string Ddl = $"""
        CREATE TABLE security_groups ({ResourceTable<SecurityGroup>.StandardDdl}, stateful BIGINT NOT NULL, is_default BIGINT NOT NULL);
        CREATE INDEX security_groups_project ON security_groups (project_id);
        CREATE UNIQUE INDEX security_groups_default ON security_groups (project_id) WHERE is_default = 1;
        CREATE TABLE security_group_rules (
            {ResourceTable<SecurityGroupRule>.StandardDdl}, group_id TEXT NOT NULL, direction TEXT NOT NULL, ether_type TEXT NOT NULL, protocol TEXT,
            port_range_min BIGINT, port_range_max BIGINT, remote_ip_prefix TEXT, remote_group_id TEXT);
        CREATE INDEX security_group_rules_project ON security_group_rules (project_id);
        CREATE INDEX security_group_rules_group ON security_group_rules (group_id);
        CREATE INDEX security_group_rules_remote ON security_group_rules (remote_group_id) WHERE remote_group_id IS NOT NULL;
        """;

    public static readonly ResourceTable<SecurityGroup> Table = new("security_groups",
    [
        ("stateful", static group => group.Stateful),
        ("is_default", static group => group.IsDefault),
    ],
    static row => new SecurityGroup { Stateful = row.Bool(OwnOfGroup), IsDefault = row.Bool(OwnOfGroup + 1) });

    public static readonly ResourceTable<SecurityGroupRule> Rules = new("security_group_rules",
    [
        ("group_id", static rule => rule.GroupId),
        ("direction", static rule => rule.Direction),
        ("ether_type", static rule => rule.EtherType),
        ("protocol", static rule => rule.Protocol),
        ("port_range_min", static rule => rule.PortRangeMin),
        ("port_range_max", static rule => rule.PortRangeMax),
        ("remote_ip_prefix", static rule => rule.RemoteIpPrefix),
        ("remote_group_id", static rule => rule.RemoteGroupId),
    ],
    static row => new SecurityGroupRule
    {
        GroupId = row.String(Own),
        Direction = row.String(Own + 1),
        EtherType = row.String(Own + 2),
        Protocol = row.NullableString(Own + 3),
        PortRangeMin = row.NullableInt32(Own + 4),
        PortRangeMax = row.NullableInt32(Own + 5),
        RemoteIpPrefix = row.NullableString(Own + 6),
        RemoteGroupId = row.NullableString(Own + 7),
    });

    private const int Own = ResourceTable<SecurityGroupRule>.OwnColumns;
    private const int OwnOfGroup = ResourceTable<SecurityGroup>.OwnColumns;
}
