using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Compute.Quotas;

/// <summary>Compute API: "Quota sets". Behaviour: nova/api/openstack/compute/quota_sets.py.</summary>
internal sealed class QuotaRoutes(Database database, IProjects projects, PolicyEngine policy)
{
    private const string Policies = "os_compute_api:os-quota-sets:";

    private static readonly JsonSchema Update = JsonSchema.Object.Closed().Required("quota_set",
        QuotaSchemas.Limits().Property("force", ComputeSchemas.Boolean));

    public void Map(ApiRoutes v21)
    {
        var quotas = v21.Group("/os-quota-sets/{project_id}");
        // Whose quota it is decides: the policy is asked again with that project.
        quotas.Get("", ShowAsync).Allow("os_compute_api:limits");
        quotas.Put("", UpdateAsync).Allow(Policies + "update");
        quotas.Delete("", DeleteAsync).Allow(Policies + "delete");
        quotas.Get("/defaults", DefaultsAsync).Allow(Policies + "defaults");
        quotas.Get("/detail", DetailAsync).Allow("os_compute_api:limits");
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        if (await CheckAsync(request, "show", ct) is { } refused)
            return refused;
        var limits = await ListLimitsAsync(request, ct);
        return Answer(request, withId: true, json =>
        {
            foreach (var (resource, limit) in limits)
                json.WriteNumber(resource, limit);
        });
    }

    private async Task<ApiResult> DetailAsync(ApiRequest request, CancellationToken ct)
    {
        if (await CheckAsync(request, "detail", ct) is { } refused)
            return refused;
        var (project, user) = (request.Path("project_id"), request.QueryValue("user_id"));
        var (limits, used) = await database.ReadAsync(async (tx, token) => (
            await QuotaStore.ListLimitsAsync(tx, project, user, token), await QuotaStore.CountAsync(tx, project, user, token)), ct);
        return Answer(request, withId: true, json =>
        {
            foreach (var (resource, limit) in limits)
            {
                json.WriteStartObject(resource);
                json.WriteNumber("in_use", QuotaLimits.UseOf(resource, used));
                json.WriteNumber("limit", limit);
                json.WriteNumber("reserved", 0);
                json.WriteEndObject();
            }
        });
    }

    private async Task<ApiResult> DefaultsAsync(ApiRequest request, CancellationToken ct)
    {
        if (!await projects.ExistsAsync(request.Path("project_id"), ct))
            return NoProject(request);
        var limits = await database.ReadAsync((tx, token) => QuotaClassStore.ListLimitsAsync(tx, QuotaClassStore.Default, token), ct);
        return Answer(request, withId: true, json =>
        {
            foreach (var (resource, limit) in limits)
                json.WriteNumber(resource, limit);
        });
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (Update.Refuses(body, out var invalid))
            return invalid;
        var (project, user) = (request.Path("project_id"), request.QueryValue("user_id"));
        if (!await projects.ExistsAsync(project, ct))
            return NoProject(request);
        var asked = body.GetProperty("quota_set");
        var force = asked.Member("force") is { } given && ComputeSchemas.ParseBoolean(given) == true;
        var limits = QuotaSchemas.Read(asked);
        var fault = await database.TryWriteAsync(async (tx, token) =>
        {
            var used = await QuotaStore.CountAsync(tx, project, user, token);
            if (!force && limits.Select(limit => CheckLimit(limit.Key, limit.Value, used)).FirstOrDefault(static bad => bad is not null) is { } tooLow)
                return tooLow;
            await QuotaStore.SetAsync(tx, project, user, limits, token);
            return (Fault?)null;
        }, ct);
        if (fault is not null)
            return fault;
        var now = await ListLimitsAsync(request, ct);
        return Answer(request, withId: false, json =>
        {
            foreach (var (resource, limit) in now)
                json.WriteNumber(resource, limit);
        });
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var (project, user) = (request.Path("project_id"), request.QueryValue("user_id"));
        await database.WriteAsync((tx, token) => QuotaStore.ResetAsync(tx, project, user, token), ct);
        return ApiResult.Accepted;
    }

    private Task<IReadOnlyList<(string Resource, long Limit)>> ListLimitsAsync(ApiRequest request, CancellationToken ct) =>
        database.ReadAsync((tx, token) => QuotaStore.ListLimitsAsync(tx, request.Path("project_id"), request.QueryValue("user_id"), token), ct);

    private async Task<Fault?> CheckAsync(ApiRequest request, string operation, CancellationToken ct)
    {
        var project = request.Path("project_id");
        if (policy.Check("nova", Policies + operation, request.Caller, new PolicyTarget(project)) is { } refused)
            return refused;
        return await projects.ExistsAsync(project, ct) ? null : NoProject(request);
    }

    private static Fault? CheckLimit(string resource, long limit, (long, long, long) used) =>
        limit >= 0 && limit < QuotaLimits.UseOf(resource, used)
            ? ComputeFaults.Invalid($"Quota limit {limit} for {resource} must be greater than or equal to already used and reserved "
                + $"{QuotaLimits.UseOf(resource, used)}.")
            : null;

    private static Fault NoProject(ApiRequest request) => ComputeFaults.Invalid($"Project ID {request.Path("project_id")} is not a valid project.");

    private static ApiResult Answer(ApiRequest request, bool withId, Action<Utf8JsonWriter> write) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("quota_set");
        if (withId)
            json.WriteString("id", request.Path("project_id"));
        write(json);
        json.WriteEndObject();
        json.WriteEndObject();
    });
}
