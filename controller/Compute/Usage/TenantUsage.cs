namespace Appliance.Controller.Compute.Usage;

/// <summary>What one server used in a period.</summary>
internal sealed record ServerUsage(
    string Id, string Name, string ProjectId, string FlavorName, string State, DateTimeOffset StartedAt, DateTimeOffset? EndedAt,
    int MemoryMiB, int DiskGiB, int Vcpus, double Hours, long UptimeSeconds);

/// <summary>Usage arithmetic (nova/api/openstack/compute/simple_tenant_usage.py).</summary>
internal static class UsageRules
{
    /// <summary>Hours between launch and end, as far as they lie in the period.</summary>
    public static double HoursIn(DateTimeOffset launchedAt, DateTimeOffset? endedAt, DateTimeOffset start, DateTimeOffset stop)
    {
        if (launchedAt > stop || endedAt < start)
            return 0;
        var from = launchedAt > start ? launchedAt : start;
        var to = endedAt < stop ? endedAt.Value : stop;
        return (to - from).TotalHours;
    }
}
