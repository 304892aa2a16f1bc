using Appliance.Controller.Data;
using Appliance.Controller.Identity.Catalog.Endpoints;
using Appliance.Controller.Identity.Catalog.Regions;
using Endpoint = Appliance.Controller.Identity.Catalog.Endpoints.Endpoint;

namespace Appliance.Controller.Identity.PolicyBlobs;

/// <summary>What a policy is for: one endpoint, all of a service, or those of a service in a region and below. Absent parts are empty.</summary>
internal sealed record PolicyPlace(string EndpointId, string ServiceId, string RegionId);

/// <summary>Which policy is for what. Source: keystone/endpoint_policy/core.py.</summary>
internal static class EndpointPolicyStore
{
    private const string AtPlace = "endpoint_id = @endpoint AND service_id = @service AND region_id = @region";

    /// <summary>The last one counts: a place has one policy.</summary>
    public static Task SetAsync(Session tx, string policyId, PolicyPlace place, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO identity_policy_associations (policy_id, endpoint_id, service_id, region_id) VALUES (@policy, @endpoint, @service, @region)
        ON CONFLICT (endpoint_id, service_id, region_id) DO UPDATE SET policy_id = excluded.policy_id
        """, ct, Bind(policyId, place));

    public static async Task<bool> IsSetAsync(Session tx, string policyId, PolicyPlace place, CancellationToken ct) => await tx.CountAsync(
        $"SELECT COUNT(*) FROM identity_policy_associations WHERE policy_id = @policy AND {AtPlace}", ct, Bind(policyId, place)) > 0;

    public static Task ClearAsync(Session tx, string policyId, PolicyPlace place, CancellationToken ct) => tx.ExecuteAsync(
        $"DELETE FROM identity_policy_associations WHERE policy_id = @policy AND {AtPlace}", ct, Bind(policyId, place));

    /// <summary>The endpoint's own policy, else its service's in the nearest region above that has one, else its service's.</summary>
    public static async Task<PolicyBlob?> FindForAsync(Session tx, Endpoint endpoint, CancellationToken ct)
    {
        var places = new List<PolicyPlace> { new(endpoint.Id, "", "") };
        for (var region = endpoint.RegionId; region is not null; region = (await RegionRoutes.Regions.FindAsync(tx, region, ct))?.ParentId)
            places.Add(new PolicyPlace("", endpoint.ServiceId, region));
        places.Add(new PolicyPlace("", endpoint.ServiceId, ""));
        foreach (var place in places)
        {
            if (await tx.FindAsync($"SELECT policy_id FROM identity_policy_associations WHERE {AtPlace}", static row => row.String(0), ct,
                Bind("", place).AsSpan(1)) is { } policyId)
                return await PolicyBlobJson.Policies.FindAsync(tx, policyId, ct);
        }

        return null;
    }

    /// <summary>All endpoints that the policy was put on, whatever takes precedence.</summary>
    public static async Task<IReadOnlyList<Endpoint>> ListEndpointsAsync(Session tx, string policyId, CancellationToken ct)
    {
        var places = await tx.ListAsync("SELECT endpoint_id, service_id, region_id FROM identity_policy_associations WHERE policy_id = @policy",
            static row => new PolicyPlace(row.String(0), row.String(1), row.String(2)), ct, ("policy", policyId));
        var parents = (await tx.ListAsync("SELECT id, parent_id FROM identity_regions", static row => (Id: row.String(0), Parent: row.NullableString(1)), ct))
            .ToDictionary(static region => region.Id, static region => region.Parent);
        return [.. (await EndpointRoutes.ListAllAsync(tx, ct)).Where(endpoint => places.Exists(place => Covers(place, endpoint, parents)))];
    }

    private static bool Covers(PolicyPlace place, Endpoint endpoint, Dictionary<string, string?> parents)
    {
        if (place.EndpointId.Length > 0)
            return place.EndpointId == endpoint.Id;
        if (place.ServiceId != endpoint.ServiceId)
            return false;
        for (var region = endpoint.RegionId; region is not null && place.RegionId.Length > 0; region = parents.GetValueOrDefault(region))
        {
            if (region == place.RegionId)
                return true;
        }

        return place.RegionId.Length == 0;
    }

    private static Parameter[] Bind(string policyId, PolicyPlace place) =>
        [("policy", policyId), ("endpoint", place.EndpointId), ("service", place.ServiceId), ("region", place.RegionId)];
}
