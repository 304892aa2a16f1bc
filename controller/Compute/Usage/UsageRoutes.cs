using System.Text.Json;
using Appliance.Controller.Compute.Servers;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Compute.Usage;

/// <summary>Compute API: "Usage reports". Counted in the rows of servers, deleted ones too.</summary>
internal sealed class UsageRoutes(Database database, PolicyEngine policy, TimeProvider clock)
{
    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFF", "yyyy-MM-dd HH:mm:ss.FFFFFF"];

    public void Map(ApiRoutes v21)
    {
        var usage = v21.Group("/os-simple-tenant-usage");
        usage.Get("", ListAsync).Allow("os_compute_api:os-simple-tenant-usage:list");
        // Whose usage it is decides: the policy is asked again with that project.
        usage.Get("/{project_id}", ShowAsync).Allow("os_compute_api:limits");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (ReadPeriod(request).Failed(out var bad, out var period))
            return bad;
        var isDetailed = request.QueryValue("detailed") == "1";
        var usages = await ReadAsync(null, period, ct);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("tenant_usages");
            foreach (var project in usages.GroupBy(static usage => usage.ProjectId))
            {
                json.WriteStartObject();
                WriteSummary(json, project.Key, [.. project], period, isDetailed);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var project = request.Path("project_id");
        if (policy.Check("nova", "os_compute_api:os-simple-tenant-usage:show", request.Caller, new PolicyTarget(project)) is { } refused)
            return refused;
        if (ReadPeriod(request).Failed(out var bad, out var period))
            return bad;
        var usages = await ReadAsync(project, period, ct);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("tenant_usage");
            if (usages.Count > 0)
                WriteSummary(json, project, usages, period, isDetailed: true);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private Task<List<ServerUsage>> ReadAsync(string? project, (DateTimeOffset Start, DateTimeOffset Stop) period, CancellationToken ct) =>
        database.ReadAsync(async (tx, token) =>
        {
            var now = clock.GetUtcNow();
            var servers = await tx.ListAsync(
                $"""
                SELECT {ServerStore.Columns} FROM servers
                WHERE launched_at IS NOT NULL AND launched_at < @stop AND (terminated_at IS NULL OR terminated_at > @start)
                    AND (@project = '' OR project_id = @project) ORDER BY number
                """,
                ServerStore.Map, token, ("start", period.Start), ("stop", period.Stop), ("project", project ?? ""));
            return servers.ConvertAll(server => new ServerUsage(
                server.Id, server.Name, server.ProjectId, server.Size.FlavorName, server.TerminatedAt is null ? server.VmState : "terminated",
                server.LaunchedAt!.Value, server.TerminatedAt, server.Size.MemoryMiB, server.Size.RootGiB + server.Size.EphemeralGiB,
                server.Size.Vcpus, UsageRules.HoursIn(server.LaunchedAt.Value, server.TerminatedAt, period.Start, period.Stop),
                (long)((server.TerminatedAt ?? now) - server.LaunchedAt.Value).TotalSeconds));
        }, ct);

    private Outcome<(DateTimeOffset Start, DateTimeOffset Stop)> ReadPeriod(ApiRequest request)
    {
        var now = clock.GetUtcNow();
        if (!TryRead(request.QueryValue("start"), now, out var start) || !TryRead(request.QueryValue("end"), now, out var stop))
            return ComputeFaults.Invalid("Invalid datetime string: Datetime is in invalid format");
        return start < stop
            ? (start, stop > now ? now : stop)
            : ComputeFaults.Invalid("Invalid start time. The start time cannot occur after the end time.");
    }

    private static bool TryRead(string? text, DateTimeOffset now, out DateTimeOffset instant)
    {
        instant = now;
        return string.IsNullOrEmpty(text)
            || DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out instant);
    }

    private static void WriteSummary(
        Utf8JsonWriter json, string project, List<ServerUsage> usages, (DateTimeOffset Start, DateTimeOffset Stop) period, bool isDetailed)
    {
        json.WriteString("tenant_id", project);
        json.WriteNumber("total_hours", usages.Sum(static usage => usage.Hours));
        json.WriteNumber("total_vcpus_usage", usages.Sum(static usage => usage.Vcpus * usage.Hours));
        json.WriteNumber("total_memory_mb_usage", usages.Sum(static usage => usage.MemoryMiB * usage.Hours));
        json.WriteNumber("total_local_gb_usage", usages.Sum(static usage => usage.DiskGiB * usage.Hours));
        json.WriteString("start", Timestamps.MicrosNoZone(period.Start));
        json.WriteString("stop", Timestamps.MicrosNoZone(period.Stop));
        if (!isDetailed)
            return;
        json.WriteStartArray("server_usages");
        foreach (var usage in usages)
            WriteServer(json, usage);
        json.WriteEndArray();
    }

    private static void WriteServer(Utf8JsonWriter json, ServerUsage usage)
    {
        json.WriteStartObject();
        json.WriteString("instance_id", usage.Id);
        json.WriteString("name", usage.Name);
        json.WriteString("tenant_id", usage.ProjectId);
        json.WriteString("flavor", usage.FlavorName);
        json.WriteString("state", usage.State);
        json.WriteNumber("hours", usage.Hours);
        json.WriteNumber("memory_mb", usage.MemoryMiB);
        json.WriteNumber("local_gb", usage.DiskGiB);
        json.WriteNumber("vcpus", usage.Vcpus);
        json.WriteNumber("uptime", usage.UptimeSeconds);
        json.WriteString("started_at", Timestamps.MicrosNoZone(usage.StartedAt));
        json.WriteString("ended_at", usage.EndedAt is { } at ? Timestamps.MicrosNoZone(at) : null);
        json.WriteEndObject();
    }
}
