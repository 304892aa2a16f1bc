using Appliance.Protocol.Link;

namespace Appliance.Agent.Node.Capabilities;

/// <summary>Reads <c>/proc/cpuinfo</c>, proc(5), of x86 and ARM machines.</summary>
internal static class CpuInfo
{
    /// <param name="count">Processors to report instead of those listed; null: those.</param>
    public static CpuReport Parse(string text, string architecture, int? count)
    {
        var processors = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(ParseFields)
            .Where(static fields => fields.ContainsKey("processor"))
            .ToList();
        var first = processors.FirstOrDefault() ?? [];
        var threads = Math.Max(1, processors.Count);
        var sockets = Math.Max(1, processors.Select(static fields => fields.GetValueOrDefault("physical id", "0")).Distinct().Count());
        // Machines without "core id" (ARM, some virtual ones) have one thread a core.
        var cores = first.ContainsKey("core id")
            ? processors.Select(static fields => (fields.GetValueOrDefault("physical id"), fields.GetValueOrDefault("core id"))).Distinct().Count()
            : threads;
        var features = first.GetValueOrDefault("flags") ?? first.GetValueOrDefault("Features") ?? "";
        var model = first.GetValueOrDefault("model name", "unknown");
        var vendor = first.GetValueOrDefault("vendor_id") ?? first.GetValueOrDefault("CPU implementer") ?? "unknown";
        var list = features.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return count is { } chosen
            ? new CpuReport(chosen, 1, chosen, 1, architecture, vendor, model, list)
            : new CpuReport(threads, sockets, Math.Max(1, cores / sockets), Math.Max(1, threads / cores), architecture, vendor, model, list);
    }

    private static Dictionary<string, string> ParseFields(string processor)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in processor.Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
                fields.TryAdd(line[..colon].Trim(), line[(colon + 1)..].Trim());
        }

        return fields;
    }
}
