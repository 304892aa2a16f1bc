using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Quotas;

/// <summary>How many servers a project may still make.</summary>
internal static class QuotaRules
{
    /// <summary>
    /// The number between <paramref name="min"/> and <paramref name="max"/> that fits, or the refusal that names what is full
    /// (nova/compute/utils.py, check_num_instances_quota).
    /// </summary>
    public static Outcome<int> CountThatFits(
        IReadOnlyList<(string Resource, long Limit)> limits, (long Instances, long Cores, long Ram) used, int vcpus, int memoryMiB, int min, int max)
    {
        var instances = Use(limits, QuotaLimits.Instances, used.Instances);
        var cores = Use(limits, QuotaLimits.Cores, used.Cores);
        var ram = Use(limits, QuotaLimits.Ram, used.Ram);
        var count = max;
        while (count >= min && !(instances.Allows(count) && cores.Allows((long)count * vcpus) && ram.Allows((long)count * memoryMiB)))
            count--;
        if (count >= min)
            return count;

        List<(QuotaUse Use, long Asked)> overs = [];
        if (!cores.Allows((long)min * vcpus))
            overs.Add((cores, (long)min * vcpus));
        if (!instances.Allows(min))
            overs.Add((instances, min));
        if (!ram.Allows((long)min * memoryMiB))
            overs.Add((ram, (long)min * memoryMiB));
        return new Fault(FaultKind.OverQuota,
            $"Quota exceeded for {Join(overs, static over => over.Use.Resource)}: Requested {Join(overs, static over => over.Asked)}, "
            + $"but already used {Join(overs, static over => over.Use.Used)} of {Join(overs, static over => over.Use.Limit)} "
            + Join(overs, static over => over.Use.Resource));
    }

    /// <summary>Refuses metadata with more items than the quota allows.</summary>
    public static Fault? CheckMetadata(IReadOnlyList<(string Resource, long Limit)> limits, int items)
    {
        var limit = LimitOf(limits, QuotaLimits.MetadataItems);
        return limit >= 0 && items > limit
            ? new Fault(FaultKind.OverQuota, $"Maximum number of metadata items exceeds {limit}")
            : null;
    }

    public static Fault? CheckFiles(IReadOnlyList<(string Resource, long Limit)> limits, IReadOnlyList<(string Path, int Bytes)> files)
    {
        if (LimitOf(limits, QuotaLimits.InjectedFiles) is >= 0 and var most && files.Count > most)
            return new Fault(FaultKind.OverQuota, $"Personality file limit exceeded");
        if (LimitOf(limits, QuotaLimits.InjectedFilePathBytes) is >= 0 and var longest && files.Any(file => file.Path.Length > longest))
            return new Fault(FaultKind.OverQuota, $"Personality file path exceeds maximum {longest}");
        return LimitOf(limits, QuotaLimits.InjectedFileContentBytes) is >= 0 and var largest && files.Any(file => file.Bytes > largest)
            ? new Fault(FaultKind.OverQuota, $"Personality file content exceeds maximum {largest}")
            : null;
    }

    public static long LimitOf(IReadOnlyList<(string Resource, long Limit)> limits, string resource) =>
        limits.First(entry => entry.Resource == resource).Limit;

    private static QuotaUse Use(IReadOnlyList<(string Resource, long Limit)> limits, string resource, long used) =>
        new(resource, LimitOf(limits, resource), used);

    private static string Join<T>(List<(QuotaUse Use, long Asked)> overs, Func<(QuotaUse Use, long Asked), T> part) =>
        string.Join(", ", overs.Select(part));
}
