using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Compute.Quotas;

/// <summary>Compute API: "Limits". Behaviour: nova/api/openstack/compute/limits.py and views/limits.py.</summary>
internal sealed class LimitRoutes(Database database, PolicyEngine policy)
{
    private static readonly (string Resource, string Name)[] Maxima =
    [
        (QuotaLimits.Instances, "maxTotalInstances"), (QuotaLimits.Cores, "maxTotalCores"), (QuotaLimits.Ram, "maxTotalRAMSize"),
        (QuotaLimits.MetadataItems, "maxServerMeta"), (QuotaLimits.MetadataItems, "maxImageMeta"), (QuotaLimits.InjectedFiles, "maxPersonality"),
        (QuotaLimits.InjectedFileContentBytes, "maxPersonalitySize"), (QuotaLimits.KeyPairs, "maxTotalKeypairs"),
        (QuotaLimits.ServerGroups, "maxServerGroups"), (QuotaLimits.ServerGroupMembers, "maxServerGroupMembers"),
        ("floating_ips", "maxTotalFloatingIps"), ("security_groups", "maxSecurityGroups"), ("security_group_rules", "maxSecurityGroupRules"),
    ];

    private static readonly (string Resource, string Name)[] Used =
    [
        (QuotaLimits.Ram, "totalRAMUsed"), (QuotaLimits.Cores, "totalCoresUsed"), (QuotaLimits.Instances, "totalInstancesUsed"),
        ("floating_ips", "totalFloatingIpsUsed"), ("security_groups", "totalSecurityGroupsUsed"), (QuotaLimits.ServerGroups, "totalServerGroupsUsed"),
    ];

    public void Map(ApiRoutes v21) => v21.Get("/limits", ShowAsync).Allow("os_compute_api:limits");

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var project = request.QueryValue("tenant_id");
        if (project is not null
            && policy.Check("nova", "os_compute_api:limits:other_project", request.Caller, PolicyTarget.Of(request.Caller)) is { } refused)
            return refused;
        project ??= request.Caller.ProjectId ?? "";
        var (limits, used) = await database.ReadAsync(async (tx, token) => (
            await QuotaStore.ListLimitsAsync(tx, project, null, token), await QuotaStore.CountAsync(tx, project, null, token)), ct);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("limits");
            json.WriteStartArray("rate");
            json.WriteEndArray();
            json.WriteStartObject("absolute");
            foreach (var (resource, name) in Maxima)
                json.WriteNumber(name, QuotaRules.LimitOf(limits, resource));
            foreach (var (resource, name) in Used)
                json.WriteNumber(name, QuotaLimits.UseOf(resource, used));
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }
}
