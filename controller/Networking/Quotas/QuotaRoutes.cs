using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Networking.Attributes;

namespace Appliance.Controller.Networking.Quotas;

/// <summary>Quotas of projects. Source: neutron/extensions/{quotasv2,quotasv2_detail}.py.</summary>
internal sealed class QuotaRoutes(NetworkingContext context)
{
    // neutron_lib/db/constants.py DB_INTEGER_MAX_VALUE
    private const long MaxLimit = int.MaxValue;

    public void Map(ApiRoutes v2)
    {
        v2.Get("/quotas", ListAsync).Allow("get_quota");
        v2.Get("/quotas/tenant", ShowProjectAsync).Allow(NetworkingPolicies.AnyCaller);
        v2.Get("/quotas/project", ShowProjectAsync).Allow(NetworkingPolicies.AnyCaller);
        v2.Get("/quotas/{project_id}", ShowAsync).Allow(NetworkingPolicies.AnyCaller);
        v2.Get("/quotas/{project_id}/default", ShowDefaultAsync).Allow(NetworkingPolicies.AnyCaller);
        v2.Get("/quotas/{project_id}/details", ShowDetailsAsync).Allow(NetworkingPolicies.AnyCaller);
        // The format suffix that clients of the first years write.
        v2.Get("/quotas/{project_id}/details.json", ShowDetailsAsync).Allow(NetworkingPolicies.AnyCaller);
        v2.Put("/quotas/{project_id}", UpdateAsync).Allow("update_quota");
        v2.Delete("/quotas/{project_id}", DeleteAsync).Allow("delete_quota");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var rows = await context.Database.ReadAsync(QuotaStore.ListAsync, ct);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("quotas");
            foreach (var project in rows.GroupBy(static row => row.ProjectId))
            {
                json.WriteStartObject();
                json.WriteString("tenant_id", project.Key);
                json.WriteString("project_id", project.Key);
                WriteLimits(json, project.ToDictionary(static row => row.Resource, static row => row.Limit));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        if (CheckForeign(request) is { } refused)
            return refused;
        return View(await ReadLimitsAsync(request.Path("project_id"), ct));
    }

    private Task<ApiResult> ShowDefaultAsync(ApiRequest request, CancellationToken ct) =>
        Task.FromResult(CheckForeign(request) is { } refused ? refused : View([]));

    private static Task<ApiResult> ShowProjectAsync(ApiRequest request, CancellationToken ct)
    {
        var key = request.Http.Request.Path.Value!.EndsWith("tenant", StringComparison.Ordinal) ? "tenant" : "project";
        if (request.Caller.ProjectId is not { } project)
            return Task.FromResult<ApiResult>(NeutronErrors.Invalid("QuotaMissingTenant", "Tenant-id was missing from quota request."));
        return Task.FromResult(ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject(key);
            json.WriteString(key + "_id", project);
            json.WriteEndObject();
            json.WriteEndObject();
        }));
    }

    private async Task<ApiResult> ShowDetailsAsync(ApiRequest request, CancellationToken ct)
    {
        var project = request.Path("project_id");
        if (project != request.Caller.ProjectId && !request.Caller.IsAdmin)
        {
            return new Fault(FaultKind.Forbidden,
                "User does not have admin privileges: Only admin is authorized to access quotas for another project.", Code: "AdminRequired");
        }

        var limits = await ReadLimitsAsync(project, ct);
        var used = await context.Database.ReadAsync(async (tx, token) =>
        {
            var counts = new Dictionary<string, long>();
            foreach (var resource in QuotaDefaults.Limits.Keys)
                counts[resource] = await QuotaStore.CountAsync(tx, project, QuotaDefaults.TableOf(resource), token);
            return counts;
        }, ct);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("quota");
            foreach (var (resource, otherwise) in QuotaDefaults.Limits)
            {
                json.WriteStartObject(resource);
                json.WriteNumber("limit", limits.GetValueOrDefault(resource, otherwise));
                json.WriteNumber("used", used[resource]);
                json.WriteNumber("reserved", 0);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var unreadable, out var body))
            return unreadable;
        if (ReadBody(body).Failed(out var bad, out var changes))
            return bad;
        var project = request.Path("project_id");
        var fault = await context.Database.TryWriteAsync((tx, token) => SetAsync(tx, project, changes, token), ct);
        return fault is not null ? fault : View(await ReadLimitsAsync(project, ct));
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var project = request.Path("project_id");
        var wasThere = await context.Database.WriteAsync((tx, token) => QuotaStore.DeleteAsync(tx, project, token), ct);
        return wasThere ? ApiResult.NoContent : NeutronErrors.NotFound("TenantQuotaNotFound", $"Quota for tenant {project} could not be found.");
    }

    private static async Task<Fault?> SetAsync(
        Session tx, string project, (Dictionary<string, long> Limits, bool IsForced) changes, CancellationToken ct)
    {
        foreach (var (resource, limit) in changes.Limits)
        {
            var used = changes.IsForced || limit < 0 ? 0 : await QuotaStore.CountAsync(tx, project, QuotaDefaults.TableOf(resource), ct);
            if (used > limit && limit >= 0)
            {
                return NeutronErrors.BadRequest(
                    $"Quota limit {limit} for {resource} must be greater than or equal to already used {used}");
            }

            await QuotaStore.SetAsync(tx, project, resource, limit, ct);
        }

        return null;
    }

    private static Outcome<(Dictionary<string, long> Limits, bool IsForced)> ReadBody(JsonElement body)
    {
        if (body.Member("quota") is not { ValueKind: JsonValueKind.Object } quota)
            return NeutronErrors.BadRequest("Unable to find 'quota' in request body");
        var limits = new Dictionary<string, long>();
        var unknown = new List<string>();
        foreach (var member in quota.EnumerateObject())
        {
            if (member.Name is "force" or "check_limit" or "tenant_id" or "project_id")
                continue;
            if (!QuotaDefaults.Limits.ContainsKey(member.Name))
            {
                unknown.Add(member.Name);
                continue;
            }

            var (converted, _, notInteger) = Read.Integer(member.Value);
            if (notInteger is not null)
                return notInteger;
            if (Read.Range(-1, MaxLimit)(member.Value).Reason is { } reason)
                return NeutronErrors.BadRequest($"Invalid input for {member.Name}. Reason: {reason}.");
            limits[member.Name] = (long)converted!;
        }

        return unknown.Count > 0 ? NeutronErrors.BadRequest($"Unrecognized attribute(s) '{string.Join(", ", unknown)}'")
            : (limits, quota.BoolOrNull("force") == true);
    }

    private Task<Dictionary<string, long>> ReadLimitsAsync(string project, CancellationToken ct) => context.Database.ReadAsync(
        async (tx, token) => (await QuotaStore.ListAsync(tx, token)).Where(row => row.ProjectId == project)
            .ToDictionary(static row => row.Resource, static row => row.Limit), ct);

    private Fault? CheckForeign(ApiRequest request) =>
        request.Path("project_id") == request.Caller.ProjectId ? null : context.Check("get_quota", request.Caller, request.Path("project_id"));

    private static ApiResult View(Dictionary<string, long> limits) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("quota");
        WriteLimits(json, limits);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static void WriteLimits(Utf8JsonWriter json, Dictionary<string, long> own)
    {
        foreach (var (resource, otherwise) in QuotaDefaults.Limits)
            json.WriteNumber(resource, own.GetValueOrDefault(resource, otherwise));
    }
}
