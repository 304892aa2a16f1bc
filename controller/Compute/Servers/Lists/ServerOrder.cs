using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Servers.Lists;

/// <summary><c>sort_key</c> and <c>sort_dir</c> as SQL; the newest first when nothing is said.</summary>
/// <param name="IsDefault">By creation, newest first: pages then continue by key instead of reading up to the marker.</param>
internal sealed record ServerOrder(string OrderBy, bool IsDefault)
{
    private static readonly ServerOrder Default = new("created_at DESC, number DESC", true);

    private static readonly Dictionary<string, string> Columns = new()
    {
        ["access_ip_v4"] = "access_ipv4",
        ["access_ip_v6"] = "access_ipv6",
        ["auto_disk_config"] = "disk_config_auto",
        ["availability_zone"] = "zone",
        ["config_drive"] = "config_drive",
        ["created_at"] = "created_at",
        ["display_description"] = "description",
        ["display_name"] = "name",
        ["host"] = "node_name",
        ["hostname"] = "host_name",
        ["image_ref"] = "image_id",
        ["instance_type_id"] = "flavor_id",
        ["key_name"] = "key_name",
        ["launch_index"] = "launch_index",
        ["launched_at"] = "launched_at",
        ["locked_by"] = "locked",
        ["node"] = "node_name",
        ["power_state"] = "power_state",
        ["project_id"] = "project_id",
        ["task_state"] = "task_state",
        ["terminated_at"] = "terminated_at",
        ["updated_at"] = "updated_at",
        ["user_id"] = "user_id",
        ["uuid"] = "id",
        ["vm_state"] = "vm_state",
    };

    // Valid words that order nothing here, because they are the same for every server or were never sorted by.
    private static readonly HashSet<string> WithoutEffect =
    [
        "kernel_id", "ramdisk_id", "root_device_name", "progress", "architecture", "cell_name", "cleaned", "default_ephemeral_device",
        "default_swap_device", "deleted", "deleted_at", "disable_terminate", "ephemeral_gb", "ephemeral_key_uuid", "id", "key_data",
        "launched_on", "locked", "memory_mb", "os_type", "reservation_id", "root_gb", "shutdown_terminate", "user_data", "vcpus", "vm_mode",
    ];

    public static Outcome<ServerOrder> Read(ApiRequest request)
    {
        var keys = request.Query["sort_key"].OfType<string>().Select(static key => key.Trim()).ToList();
        var directions = request.Query["sort_dir"].OfType<string>().Select(static direction => direction.Trim()).ToList();
        if (keys.Count == 0 && directions.Count == 0)
            return Default;
        if (keys.Count == 0)
            keys.Add("created_at");

        var parts = new List<string>();
        var last = "DESC";
        for (var i = 0; i < keys.Count; i++)
        {
            if (i < directions.Count)
            {
                if (directions[i] is not ("asc" or "desc"))
                    return ComputeFaults.Invalid("Unknown sort direction, must be one of: asc, desc");
                last = directions[i].ToUpperInvariant();
            }

            if (keys[i] is "host" or "node" && !request.Caller.IsAdmin)
                return ComputeFaults.Forbidden($"Only administrators can sort servers by {keys[i]}");
            if (Columns.TryGetValue(keys[i], out var column))
                parts.Add($"{column} {last}");
            else if (!WithoutEffect.Contains(keys[i]))
                return ComputeSchemas.InvalidQuery("sort_key", keys[i], $"'{keys[i]}' is not a key that servers are sorted by");
        }

        return new ServerOrder(string.Join(", ", [.. parts, $"number {last}"]), false);
    }
}
