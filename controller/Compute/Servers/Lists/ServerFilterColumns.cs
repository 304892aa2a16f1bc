using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Servers.Lists;

/// <summary>Which query key filters by what: compared exactly, or as a pattern (nova/db/main/api.py, instance_get_all_by_filters).</summary>
internal static class ServerFilterColumns
{
    public static readonly IReadOnlyDictionary<string, string> Exact = new Dictionary<string, string>
    {
        ["image"] = "image_id",
        ["image_ref"] = "image_id",
        ["flavor"] = "flavor_id",
        ["user_id"] = "user_id",
        ["host"] = "node_name",
        ["task_state"] = "task_state",
        ["uuid"] = "id",
        ["reservation_id"] = "reservation_id",
    };

    public static readonly IReadOnlyDictionary<string, Func<Server, string?>> Patterns = new Dictionary<string, Func<Server, string?>>
    {
        ["name"] = static server => server.Name,
        ["display_name"] = static server => server.Name,
        ["description"] = static server => server.Description,
        ["display_description"] = static server => server.Description,
        ["hostname"] = static server => server.HostName,
        ["key_name"] = static server => server.KeyName,
        ["node"] = static server => server.NodeName,
        ["availability_zone"] = static server => server.Zone,
        ["access_ip_v4"] = static server => server.AccessIpv4,
        ["access_ip_v6"] = static server => server.AccessIpv6,
        ["launch_index"] = static server => server.LaunchIndex.ToString(CultureInfo.InvariantCulture),
        ["launched_at"] = static server => server.LaunchedAt is { } at ? Timestamps.Seconds(at) : null,
        ["terminated_at"] = static server => server.TerminatedAt is { } at ? Timestamps.Seconds(at) : null,
        ["created_at"] = static server => Timestamps.Seconds(server.CreatedAt),
        ["locked_by"] = static server => server.IsLocked ? "owner" : null,
        ["progress"] = static _ => "0",
        ["root_device_name"] = static _ => ServerView.RootDevice,
        ["auto_disk_config"] = static server => server.IsDiskConfigAuto ? "1" : "0",
    };
}
