using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Projects;
using Appliance.Controller.Identity.Settings;

namespace Appliance.Controller.Identity.Limits;

/// <summary><c>/v3/limits</c>. Source: keystone/api/limits.py, keystone/limit/core.py.</summary>
internal sealed class LimitRoutes(IdentityContext context)
{
    private const string FlatDescription = "Limit enforcement and validation does not take project hierarchy into consideration.";

    private static readonly FilterField[] Filters =
    [
        new("service_id", "g.service_id"), new("region_id", "g.region_id"), new("resource_name", "g.resource_name"), new("project_id", "l.project_id"),
        new("domain_id", "l.domain_id"),
    ];

    private bool IsTwoLevel => context.Options.Identity.UnifiedLimit.EnforcementModel == UnifiedLimitSettings.StrictTwoLevel;

    public void Map(ApiRoutes v3)
    {
        v3.Read("/limits", "identity:list_limits", ListAsync);
        v3.Post("/limits", CreateAsync).Allow("identity:create_limits");
        v3.Read("/limits/model", "identity:get_limit_model", ShowModelAsync);
        v3.Read("/limits/{limit_id}", "identity:get_limit", ShowAsync, FindTargetAsync);
        v3.Patch("/limits/{limit_id}", UpdateAsync).Allow("identity:update_limit", FindExistingAsync);
        v3.Delete("/limits/{limit_id}", DeleteAsync).Allow("identity:delete_limit", FindExistingAsync);
    }

    private async ValueTask<PolicyTarget> FindTargetAsync(ApiRequest request, CancellationToken ct) =>
        await context.Database.ReadAsync(async (tx, token) =>
        {
            if (await LimitJson.Limits.FindAsync(tx, request.Path("limit_id"), token) is not { } limit)
                return new PolicyTarget(null);
            var values = new Dictionary<string, string?>(StringComparer.Ordinal) { ["target.limit.project_id"] = limit.ProjectId };
            if (limit.ProjectId is { } projectId)
                values["target.limit.project.domain_id"] = (await ProjectJson.Projects.FindAsync(tx, projectId, token))?.DomainId;
            else
                values["target.limit.domain.id"] = limit.DomainId;
            return new PolicyTarget(null, null, values);
        }, ct);

    // Whoever changes what does not exist is told so, whatever its roles: as in Keystone.
    private async ValueTask<PolicyTarget> FindExistingAsync(ApiRequest request, CancellationToken ct)
    {
        var target = await FindTargetAsync(request, ct);
        return target.Attributes is null ? target with { Missing = LimitFaults.NotFound(request.Path("limit_id")) } : target;
    }

    // Administrators, services and the system see all; others what is their own scope's.
    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query))
            return invalid;
        var caller = request.Caller;
        if (!caller.IsSystemScoped && !caller.HasRole("admin") && !caller.HasRole("service"))
        {
            if (caller.DomainId is { } domain)
                query.And("(l.domain_id = @own OR l.project_id IN (SELECT id FROM identity_projects WHERE is_domain = 0 AND domain_id = @own))", ("own", domain));
            else
                query.And("l.project_id = @own AND l.project_id <> ''", ("own", caller.ProjectId ?? ""));
        }

        return await LimitJson.Limits.ListAsync(context, request, query, ct);
    }

    private Task<ApiResult> ShowModelAsync(ApiRequest request, CancellationToken ct) => Task.FromResult(ApiResult.Ok(writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartObject("model");
        writer.WriteString("name", context.Options.Identity.UnifiedLimit.EnforcementModel);
        writer.WriteString("description", IsTwoLevel ? TwoLevelModel.Description : FlatDescription);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }));

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("limit_id");
        return await context.Database.ReadAsync((tx, token) => LimitJson.Limits.FindAsync(tx, id, token), ct) is { } limit
            ? LimitJson.Limits.Show(context, request, StatusCodes.Status200OK, limit)
            : LimitFaults.NotFound(id);
    }

    // All of a request or none.
    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadWholeAsync(request, LimitJson.Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        return (await context.Database.TryWriteAsync<List<Limit>>(async (tx, token) =>
        {
            var limits = new List<Limit>();
            foreach (var asked in body.GetProperty("limits").EnumerateArray())
            {
                if ((await ReadAsync(tx, asked, token)).Failed(out var missing, out var limit))
                    return missing;
                limits.Add(limit);
            }

            foreach (var limit in limits)
            {
                if (IsTwoLevel && await TwoLevelModel.CheckAsync(tx, limit, limits, token) is { } outside)
                    return outside;
                if (await LimitStore.FindRegisteredAsync(tx, limit.ServiceId, limit.RegionId, limit.ResourceName, token) is not { } registered)
                    return LimitFaults.NoReference;
                if (!await LimitStore.TryInsertAsync(tx, limit, registered.Id, token))
                    return IdentityFaults.Conflict("limit", "Duplicate entry");
                await context.Database.LogAsync(tx, request.Actor, "limit", limit.Id, "create", token);
            }

            return limits;
        }, ct)).Failed(out var refused, out var created) ? refused : SmallList.Created(context, request, LimitJson.Limits, created);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("limit_id");
        if ((await IdentityBody.ReadWholeAsync(request, LimitJson.Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        var asked = body.GetProperty("limit");
        return (await context.Database.TryWriteAsync<Limit>(async (tx, token) =>
        {
            if (await LimitJson.Limits.FindAsync(tx, id, token) is not { } limit)
                return LimitFaults.NotFound(id);
            var updated = limit with
            {
                ResourceLimit = asked.Int64OrNull("resource_limit") ?? limit.ResourceLimit,
                Description = asked.Text("description", limit.Description),
            };
            if (IsTwoLevel && await TwoLevelModel.CheckAsync(tx, updated, [], token) is { } outside)
                return outside;
            await LimitStore.UpdateAsync(tx, updated, token);
            await context.Database.LogAsync(tx, request.Actor, "limit", id, "update", token);
            return updated;
        }, ct)).Failed(out var fault, out var shown) ? fault : LimitJson.Limits.Show(context, request, StatusCodes.Status200OK, shown);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("limit_id");
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await tx.ExecuteAsync("DELETE FROM identity_limits WHERE id = @id", token, ("id", id)) == 0)
                return LimitFaults.NotFound(id);
            await context.Database.LogAsync(tx, request.Actor, "limit", id, "delete", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    // A project that acts as a domain is meant as the domain.
    private static async Task<Outcome<Limit>> ReadAsync(Session tx, JsonElement asked, CancellationToken ct)
    {
        var (projectId, domainId) = (asked.StringOrNull("project_id"), asked.StringOrNull("domain_id"));
        var (serviceId, regionId) = (asked.StringOrNull("service_id")!, asked.StringOrNull("region_id"));
        if (await RegisteredLimitRoutes.CheckPlaceAsync(tx, serviceId, regionId, "limit", ct) is { } missing)
            return missing;
        if (projectId is not null)
        {
            if (await ProjectJson.Projects.FindAsync(tx, projectId, ct) is not { } project)
                return IdentityFaults.Expecting("project_id", "limit");
            if (project.IsDomain)
                (projectId, domainId) = (null, projectId);
        }

        if (domainId is not null && await ProjectJson.Domains.FindAsync(tx, domainId, ct) is not { IsDomain: true })
            return IdentityFaults.Expecting("domain_id", "limit");
        if (projectId is null && domainId is null)
            return IdentityFaults.Expecting("project_id", "limit");
        return new Limit(
            Ids.New(), projectId, domainId, serviceId, regionId, asked.StringOrNull("resource_name")!, asked.GetProperty("resource_limit").GetInt64(),
            asked.StringOrNull("description"));
    }
}
