using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Catalog.Regions;
using Appliance.Controller.Identity.Catalog.Services;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Limits;

/// <summary><c>/v3/registered_limits</c>. Source: keystone/api/registered_limits.py, keystone/limit/core.py.</summary>
internal sealed class RegisteredLimitRoutes(IdentityContext context)
{
    private static readonly FilterField[] Filters =
        [new("service_id", "g.service_id"), new("region_id", "g.region_id"), new("resource_name", "g.resource_name")];

    public void Map(ApiRoutes v3)
    {
        v3.Read("/registered_limits", "identity:list_registered_limits", ListAsync);
        v3.Post("/registered_limits", CreateAsync).Allow("identity:create_registered_limits");
        v3.Read("/registered_limits/{registered_limit_id}", "identity:get_registered_limit", ShowAsync);
        v3.Patch("/registered_limits/{registered_limit_id}", UpdateAsync).Allow("identity:update_registered_limit");
        v3.Delete("/registered_limits/{registered_limit_id}", DeleteAsync).Allow("identity:delete_registered_limit");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) =>
        CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query)
            ? invalid
            : await LimitJson.Registered.ListAsync(context, request, query, ct);

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("registered_limit_id");
        return await context.Database.ReadAsync((tx, token) => LimitJson.Registered.FindAsync(tx, id, token), ct) is { } limit
            ? LimitJson.Registered.Show(context, request, StatusCodes.Status200OK, limit)
            : LimitFaults.RegisteredNotFound(id);
    }

    // All of a request or none.
    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadWholeAsync(request, LimitJson.CreateRegistered, ct)).Failed(out var invalid, out var body))
            return invalid;
        RegisteredLimit[] limits = [.. body.GetProperty("registered_limits").EnumerateArray().Select(static asked =>
            Apply(new RegisteredLimit(Ids.New(), "", null, "", 0, null), asked))];
        if (await context.Database.TryWriteAsync(async (tx, token) =>
        {
            foreach (var limit in limits)
            {
                if (await CheckPlaceAsync(tx, limit.ServiceId, limit.RegionId, "registered_limit", token) is { } missing)
                    return missing;
                if (!await LimitStore.TryInsertAsync(tx, limit, token))
                    return IdentityFaults.Conflict("registered_limit", "Duplicate entry");
                await context.Database.LogAsync(tx, request.Actor, "registered_limit", limit.Id, "create", token);
            }

            return (Fault?)null;
        }, ct) is { } refused)
            return refused;
        return SmallList.Created(context, request, LimitJson.Registered, limits);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("registered_limit_id");
        if ((await IdentityBody.ReadWholeAsync(request, LimitJson.UpdateRegistered, ct)).Failed(out var invalid, out var body))
            return invalid;
        var asked = body.GetProperty("registered_limit");
        return (await context.Database.TryWriteAsync<RegisteredLimit>(async (tx, token) =>
        {
            if (await CheckPlaceAsync(tx, asked.StringOrNull("service_id"), asked.StringOrNull("region_id"), "registered_limit", token) is { } missing)
                return missing;
            if (await LimitJson.Registered.FindAsync(tx, id, token) is not { } limit)
                return LimitFaults.RegisteredNotFound(id);
            if (await LimitStore.IsReferencedAsync(tx, id, token))
                return LimitFaults.InUse(id);
            var updated = Apply(limit, asked);
            if (!await LimitStore.TryUpdateAsync(tx, updated, token))
                return IdentityFaults.Conflict("registered_limit", "Duplicate entry");
            await context.Database.LogAsync(tx, request.Actor, "registered_limit", id, "update", token);
            return updated;
        }, ct)).Failed(out var fault, out var shown) ? fault : LimitJson.Registered.Show(context, request, StatusCodes.Status200OK, shown);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("registered_limit_id");
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await LimitJson.Registered.FindAsync(tx, id, token) is null)
                return LimitFaults.RegisteredNotFound(id);
            if (await LimitStore.IsReferencedAsync(tx, id, token))
                return LimitFaults.InUse(id);
            await tx.ExecuteAsync("DELETE FROM identity_registered_limits WHERE id = @id", token, ("id", id));
            await context.Database.LogAsync(tx, request.Actor, "registered_limit", id, "delete", token);
            return null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    /// <summary>Service and region must exist where they are named.</summary>
    /// <param name="target">Whose member it is, for the message.</param>
    public static async Task<Fault?> CheckPlaceAsync(Session tx, string? serviceId, string? regionId, string target, CancellationToken ct)
    {
        if (serviceId is not null && await ServiceRoutes.Services.FindAsync(tx, serviceId, ct) is null)
            return IdentityFaults.Expecting("service_id", target);
        return regionId is not null && await RegionRoutes.Regions.FindAsync(tx, regionId, ct) is null
            ? IdentityFaults.Expecting("region_id", target)
            : null;
    }

    private static RegisteredLimit Apply(RegisteredLimit limit, JsonElement body) => limit with
    {
        ServiceId = body.Text("service_id", limit.ServiceId)!,
        RegionId = body.Text("region_id", limit.RegionId),
        ResourceName = body.Text("resource_name", limit.ResourceName)!,
        DefaultLimit = body.Int64OrNull("default_limit") ?? limit.DefaultLimit,
        Description = body.Text("description", limit.Description),
    };
}
