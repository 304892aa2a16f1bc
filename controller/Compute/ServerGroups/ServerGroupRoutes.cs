using System.Text.Json;
using Appliance.Controller.Compute.Quotas;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Compute.ServerGroups;

/// <summary>Compute API: "Server groups". Behaviour: nova/api/openstack/compute/server_groups.py.</summary>
internal sealed class ServerGroupRoutes(Database database, TimeProvider clock)
{
    private const string Policies = "os_compute_api:os-server-groups:";

    private static readonly JsonSchema Create = JsonSchema.Object.Closed().Required("server_group", JsonSchema.Object.Closed()
        .Required("name", ComputeSchemas.Name)
        .Required("policies", JsonSchema.Array(JsonSchema.String().Values(GroupPolicies.AntiAffinity, GroupPolicies.Affinity)).Count(1, 1)));

    public void Map(ApiRoutes v21)
    {
        var groups = v21.Group("/os-server-groups");
        groups.Get("", ListAsync).Allow(Policies + "index");
        groups.Post("", CreateAsync).Allow(Policies + "create");
        groups.Get("/{server_group_id}", ShowAsync).Allow(Policies + "show");
        groups.Delete("/{server_group_id}", DeleteAsync).Allow(Policies + "delete");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (ComputePaging.Read(request).Failed(out var badPage, out var page))
            return badPage;
        var isAll = request.Query.ContainsKey("all_projects") && request.Caller.IsAdmin;
        var project = isAll ? null : request.Caller.ProjectId ?? "none";
        var list = await database.ReadAsync((tx, token) => ServerGroupStore.ListAsync(tx, project, token), ct);
        _ = int.TryParse(request.QueryValue("offset"), NumberStyles.None, CultureInfo.InvariantCulture, out var offset);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("server_groups");
            foreach (var group in list.Skip(offset).Take(page.Limit ?? ComputePaging.MaxLimit))
                Write(json, group);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (Create.Refuses(body, out var invalid))
            return invalid;
        if (request.Caller.ProjectId is not { } project)
            return ComputeFaults.Forbidden("A server group belongs to a project: scope the token to one.");
        var asked = body.GetProperty("server_group");
        var group = new ServerGroup(
            Guid.NewGuid().ToString(), project, request.Caller.UserId, asked.StringOrNull("name")!.Trim(),
            asked.GetProperty("policies")[0].GetString()!, []);
        var fault = await database.TryWriteAsync(async (tx, token) =>
        {
            var limits = await QuotaStore.ListLimitsAsync(tx, project, request.Caller.UserId, token);
            var limit = QuotaRules.LimitOf(limits, QuotaLimits.ServerGroups);
            if (limit >= 0 && await ServerGroupStore.CountAsync(tx, project, token) >= limit)
                return new Fault(FaultKind.OverQuota, "Quota exceeded, too many server groups.");
            await ServerGroupStore.InsertAsync(tx, group, clock.GetUtcNow(), token);
            return (Fault?)null;
        }, ct);
        return fault is not null ? fault : Show(group);
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct) =>
        await database.ReadAsync((tx, token) => FindAsync(tx, request, token), ct) is { } group ? Show(group) : Missing(request);

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var fault = await database.TryWriteAsync(async (tx, token) =>
        {
            if (await FindAsync(tx, request, token) is not { } group)
                return Missing(request);
            await ServerGroupStore.DeleteAsync(tx, group.Id, token);
            return (Fault?)null;
        }, ct);
        return fault is not null ? fault : ApiResult.NoContent;
    }

    private static async Task<ServerGroup?> FindAsync(Session tx, ApiRequest request, CancellationToken ct) =>
        await ServerGroupStore.FindAsync(tx, request.Path("server_group_id"), ct) is { } group
        && (request.Caller.IsAdmin || group.ProjectId == request.Caller.ProjectId) ? group : null;

    private static Fault Missing(ApiRequest request) =>
        ComputeFaults.NotFound($"Instance group {request.Path("server_group_id")} could not be found.");

    private static ApiResult Show(ServerGroup group) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName("server_group");
        Write(json, group);
        json.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter json, ServerGroup group)
    {
        json.WriteStartObject();
        json.WriteString("id", group.Id);
        json.WriteString("name", group.Name);
        json.WriteStartArray("policies");
        json.WriteStringValue(group.Policy);
        json.WriteEndArray();
        json.WriteStartObject("metadata");
        json.WriteEndObject();
        json.WriteStartArray("members");
        foreach (var member in group.Members)
            json.WriteStringValue(member);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
