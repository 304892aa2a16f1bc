using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Compute.Quotas;

/// <summary>Compute API: "Quota class sets". Behaviour: nova/api/openstack/compute/quota_classes.py.</summary>
internal sealed class QuotaClassRoutes(Database database)
{
    private const string Policies = "os_compute_api:os-quota-class-sets:";
    private const int MaxNameLength = 255;

    // Shown from microversion 2.50 on.
    private static readonly string[] Hidden = [QuotaLimits.ServerGroups, QuotaLimits.ServerGroupMembers];

    private static readonly JsonSchema Update = JsonSchema.Object.Closed().Required("quota_class_set", QuotaSchemas.Limits());

    public void Map(ApiRoutes v21)
    {
        var classes = v21.Group("/os-quota-class-sets/{id}");
        classes.Get("", ShowAsync).Allow(Policies + "show");
        classes.Put("", UpdateAsync).Allow(Policies + "update");
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var name = request.Path("id");
        return Answer(name, await database.ReadAsync((tx, token) => QuotaClassStore.ListLimitsAsync(tx, name, token), ct));
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (Update.Refuses(body, out var invalid))
            return invalid;
        var name = request.Path("id");
        if (name.Length > MaxNameLength)
            return ComputeFaults.Invalid($"quota_class_name has {name.Length} characters, more than {MaxNameLength}.");
        var limits = QuotaSchemas.Read(body.GetProperty("quota_class_set"));
        return Answer(null, await database.WriteAsync(async (tx, token) =>
        {
            await QuotaClassStore.SetAsync(tx, name, limits, token);
            return await QuotaClassStore.ListLimitsAsync(tx, name, token);
        }, ct));
    }

    /// <param name="id">Null: left out, as an update's answer leaves it out.</param>
    private static ApiResult Answer(string? id, IReadOnlyList<(string Resource, long Limit)> limits) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("quota_class_set");
        if (id is not null)
            json.WriteString("id", id);
        foreach (var (resource, limit) in limits)
        {
            if (!Hidden.Contains(resource))
                json.WriteNumber(resource, limit);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    });
}
