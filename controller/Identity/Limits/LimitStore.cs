using Appliance.Controller.Data;

namespace Appliance.Controller.Identity.Limits;

/// <summary>Rows of limits. An empty text stands for no region, project or domain, so that uniqueness holds for it too.</summary>
internal static class LimitStore
{
    /// <summary>False: the service has one for the region and resource.</summary>
    public static async Task<bool> TryInsertAsync(Session tx, RegisteredLimit limit, CancellationToken ct) => await tx.ExecuteAsync(
        """
        INSERT INTO identity_registered_limits (id, service_id, region_id, resource_name, default_limit, description)
        VALUES (@id, @service, @region, @name, @limit, @description) ON CONFLICT DO NOTHING
        """, ct, Bind(limit)) == 1;

    /// <summary>False: the service has another one for the region and resource.</summary>
    public static async Task<bool> TryUpdateAsync(Session tx, RegisteredLimit limit, CancellationToken ct)
    {
        var same = await FindRegisteredAsync(tx, limit.ServiceId, limit.RegionId, limit.ResourceName, ct);
        return (same is null || same.Id == limit.Id) && await tx.ExecuteAsync(
            """
            UPDATE identity_registered_limits SET service_id = @service, region_id = @region, resource_name = @name, default_limit = @limit,
                description = @description WHERE id = @id
            """, ct, Bind(limit)) == 1;
    }

    public static Task<RegisteredLimit?> FindRegisteredAsync(
        Session tx, string serviceId, string? regionId, string resourceName, CancellationToken ct) => tx.FindAsync(
        $"{LimitJson.Registered.Select} WHERE g.service_id = @service AND g.region_id = @region AND g.resource_name = @name",
        LimitJson.Registered.Map, ct, ("service", serviceId), ("region", regionId ?? ""), ("name", resourceName));

    public static async Task<bool> IsReferencedAsync(Session tx, string registeredId, CancellationToken ct) =>
        await tx.CountAsync("SELECT COUNT(*) FROM identity_limits WHERE registered_id = @id", ct, ("id", registeredId)) > 0;

    /// <summary>False: the project or domain has one for the resource.</summary>
    public static async Task<bool> TryInsertAsync(Session tx, Limit limit, string registeredId, CancellationToken ct) => await tx.ExecuteAsync(
        """
        INSERT INTO identity_limits (id, registered_id, project_id, domain_id, resource_limit, description)
        VALUES (@id, @registered, @project, @domain, @limit, @description) ON CONFLICT DO NOTHING
        """, ct, ("id", limit.Id), ("registered", registeredId), ("project", limit.ProjectId ?? ""), ("domain", limit.DomainId ?? ""),
        ("limit", limit.ResourceLimit), ("description", limit.Description)) == 1;

    public static Task UpdateAsync(Session tx, Limit limit, CancellationToken ct) => tx.ExecuteAsync(
        "UPDATE identity_limits SET resource_limit = @limit, description = @description WHERE id = @id", ct,
        ("id", limit.Id), ("limit", limit.ResourceLimit), ("description", limit.Description));

    /// <summary>Limits of projects and domains on one resource.</summary>
    public static Task<List<Limit>> ListOfResourceAsync(Session tx, Limit like, CancellationToken ct) => tx.ListAsync(
        $"{LimitJson.Limits.Select} WHERE g.service_id = @service AND g.region_id = @region AND g.resource_name = @name", LimitJson.Limits.Map, ct,
        ("service", like.ServiceId), ("region", like.RegionId ?? ""), ("name", like.ResourceName));

    private static Parameter[] Bind(RegisteredLimit limit) =>
    [
        ("id", limit.Id), ("service", limit.ServiceId), ("region", limit.RegionId ?? ""), ("name", limit.ResourceName), ("limit", limit.DefaultLimit),
        ("description", limit.Description),
    ];
}
