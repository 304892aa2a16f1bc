using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.Ports;

/// <summary>Filters of port lists that look beyond a column. Source: neutron/plugins/ml2/plugin.py and db/db_base_plugin_v2.py _get_ports_query.</summary>
internal static class PortFilters
{
    /// <summary><c>fixed_ips=subnet_id=…&amp;fixed_ips=ip_address=…</c>: one address must satisfy all keys, any value of each.</summary>
    public static Fault? ByFixedIp(SqlCondition condition, IReadOnlyList<string> values)
    {
        var byKey = new Dictionary<string, List<string>>();
        foreach (var value in values)
        {
            var equals = value.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                return NeutronErrors.InvalidInput($"'{value}' is not of the form <key>=[value]");
            var key = value[..equals].Trim();
            if (!byKey.TryGetValue(key, out var list))
                byKey[key] = list = [];
            list.Add(value[(equals + 1)..].Trim());
        }

        var parts = new List<string>();
        if (byKey.GetValueOrDefault("subnet_id") is { } subnets)
            parts.Add(condition.In("a.subnet_id", subnets));
        if (byKey.GetValueOrDefault("ip_address") is { } addresses)
            parts.Add(condition.In("a.ip_address", addresses.Select(static text => Ip.TryParse(text, out var ip) ? ip.ToString() : text)));
        if (byKey.GetValueOrDefault("ip_address_substr") is { } pieces)
            parts.Add("(" + string.Join(" OR ", pieces.Select(piece => $"a.ip_address LIKE {condition.Bind($"%{Escape(piece)}%")} ESCAPE '!'")) + ")");
        if (parts.Count > 0)
            condition.And($"EXISTS (SELECT 1 FROM ip_allocations a WHERE a.port_id = r.id AND {string.Join(" AND ", parts)})");
        return null;
    }

    public static Fault? BySecurityGroup(SqlCondition condition, IReadOnlyList<string> values)
    {
        condition.And($"EXISTS (SELECT 1 FROM port_security_groups g WHERE g.port_id = r.id AND {condition.In("g.group_id", values)})");
        return null;
    }

    public static Fault? ByMac(SqlCondition condition, IReadOnlyList<string> values)
    {
        condition.And(condition.In("r.mac_address", values.Select(static value => Mac.Normalize(value) ?? value)));
        return null;
    }

    private static string Escape(string text) =>
        text.Replace("!", "!!", StringComparison.Ordinal).Replace("%", "!%", StringComparison.Ordinal).Replace("_", "!_", StringComparison.Ordinal);
}
