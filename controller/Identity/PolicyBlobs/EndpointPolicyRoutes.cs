using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Catalog.Endpoints;
using Appliance.Controller.Identity.Catalog.Regions;
using Appliance.Controller.Identity.Catalog.Services;

namespace Appliance.Controller.Identity.PolicyBlobs;

/// <summary><c>OS-ENDPOINT-POLICY</c>: which policy is for which endpoints. Source: keystone/api/policy.py, keystone/api/endpoints.py.</summary>
internal sealed class EndpointPolicyRoutes(IdentityContext context, EndpointRoutes endpoints)
{
    private static readonly Fault NoAssociation = new(FaultKind.NotFound, "Could not find policy association.");

    public void Map(ApiRoutes v3)
    {
        var policy = v3.Group("/policies/{policy_id}/OS-ENDPOINT-POLICY");
        policy.Read("/endpoints", "identity:list_endpoints_for_policy", ListEndpointsAsync);
        policy.Read("/policy", "identity:get_policy_for_endpoint", ShowInEffectAsync);
        MapPlace(policy, "/endpoints/{endpoint_id}", "endpoint");
        MapPlace(policy, "/services/{service_id}", "service");
        MapPlace(policy, "/services/{service_id}/regions/{region_id}", "region_and_service");
        v3.Read("/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy", "identity:get_policy_for_endpoint", ShowForEndpointAsync);
    }

    private void MapPlace(ApiRoutes policy, string path, string kind)
    {
        policy.Read(path, $"identity:check_policy_association_for_{kind}", CheckAsync);
        policy.Put(path, SetAsync).Allow($"identity:create_policy_association_for_{kind}");
        policy.Delete(path, ClearAsync).Allow($"identity:delete_policy_association_for_{kind}");
    }

    private async Task<ApiResult> ListEndpointsAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("policy_id");
        var found = await context.Database.ReadAsync(async (tx, token) => await PolicyBlobJson.Policies.FindAsync(tx, id, token) is null
            ? null
            : await EndpointPolicyStore.ListEndpointsAsync(tx, id, token), ct);
        return found is null ? IdentityFaults.NotFound("policy", id) : endpoints.AnswerList(request, found);
    }

    private async Task<ApiResult> CheckAsync(ApiRequest request, CancellationToken ct)
    {
        var (id, place) = (request.Path("policy_id"), PlaceOf(request));
        return await context.Database.ReadAsync<Fault?>(async (tx, token) =>
            await CheckExistAsync(tx, id, place, token)
                ?? (await EndpointPolicyStore.IsSetAsync(tx, id, place, token)
                    ? null
                    : NoAssociation), ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private Task<ApiResult> SetAsync(ApiRequest request, CancellationToken ct) => ChangeAsync(request, "associate", EndpointPolicyStore.SetAsync, ct);

    private Task<ApiResult> ClearAsync(ApiRequest request, CancellationToken ct) => ChangeAsync(request, "dissociate", EndpointPolicyStore.ClearAsync, ct);

    private async Task<ApiResult> ShowForEndpointAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("endpoint_id");
        return await context.Database.ReadAsync<ApiResult>(async (tx, token) =>
        {
            if (await EndpointRoutes.FindAsync(tx, id, token) is not { } endpoint)
                return IdentityFaults.NotFound("endpoint", id);
            return await EndpointPolicyStore.FindForAsync(tx, endpoint, token) is { } policy
                ? PolicyBlobJson.Policies.Show(context, request, StatusCodes.Status200OK, policy)
                : new Fault(FaultKind.NotFound, $"No policy is associated with endpoint {id}.");
        }, ct);
    }

    /// <summary>
    /// The policy, if it is what at least one endpoint is under: 404 when it is put nowhere, or nearer ones take precedence wherever it is.
    /// In the reference only ("Show policy for endpoint"): Keystone has no such route, and the reference names no endpoint to ask about.
    /// </summary>
    private async Task<ApiResult> ShowInEffectAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("policy_id");
        return await context.Database.ReadAsync<ApiResult>(async (tx, token) =>
        {
            if (await PolicyBlobJson.Policies.FindAsync(tx, id, token) is not { } policy)
                return IdentityFaults.NotFound("policy", id);
            foreach (var endpoint in await EndpointPolicyStore.ListEndpointsAsync(tx, id, token))
            {
                if ((await EndpointPolicyStore.FindForAsync(tx, endpoint, token))?.Id == id)
                    return PolicyBlobJson.Policies.Show(context, request, StatusCodes.Status200OK, policy);
            }

            return NoAssociation;
        }, ct);
    }

    private async Task<ApiResult> ChangeAsync(
        ApiRequest request, string action, Func<Session, string, PolicyPlace, CancellationToken, Task> change, CancellationToken ct)
    {
        var (id, place) = (request.Path("policy_id"), PlaceOf(request));
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await CheckExistAsync(tx, id, place, token) is { } missing)
                return missing;
            await change(tx, id, place, token);
            await context.Database.LogAsync(tx, request.Actor, "policy", id, action, token);
            return null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    // A segment that the path does not have reads empty.
    private static PolicyPlace PlaceOf(ApiRequest request) => new(request.Path("endpoint_id"), request.Path("service_id"), request.Path("region_id"));

    private static async Task<Fault?> CheckExistAsync(Session tx, string policyId, PolicyPlace place, CancellationToken ct)
    {
        if (await PolicyBlobJson.Policies.FindAsync(tx, policyId, ct) is null)
            return IdentityFaults.NotFound("policy", policyId);
        if (place.EndpointId.Length > 0 && await EndpointRoutes.FindAsync(tx, place.EndpointId, ct) is null)
            return IdentityFaults.NotFound("endpoint", place.EndpointId);
        if (place.ServiceId.Length > 0 && await ServiceRoutes.Services.FindAsync(tx, place.ServiceId, ct) is null)
            return IdentityFaults.NotFound("service", place.ServiceId);
        return place.RegionId.Length > 0 && await RegionRoutes.Regions.FindAsync(tx, place.RegionId, ct) is null
            ? IdentityFaults.NotFound("region", place.RegionId)
            : null;
    }
}
