using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Flavors;

/// <summary>Compute API: "Flavors access". Behaviour: nova/api/openstack/compute/flavor_access.py.</summary>
internal sealed class FlavorAccessRoutes(FlavorStore store, IProjects projects)
{
    public void Map(ApiRoutes v21)
    {
        var flavor = v21.Group("/flavors/{flavor_id}");
        flavor.Get("/os-flavor-access", ListAsync).Allow("os_compute_api:os-flavor-access");
        flavor.Action("/action", "addTenantAccess", AddAsync).Allow("os_compute_api:os-flavor-access:add_tenant_access");
        flavor.Action("/action", "removeTenantAccess", RemoveAsync).Allow("os_compute_api:os-flavor-access:remove_tenant_access");
    }

    private Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) => Task.FromResult<ApiResult>(
        store.Find(request.Path("flavor_id"), request.Caller) switch
        {
            null => ComputeFaults.NoFlavor(request.Path("flavor_id")),
            { IsPublic: true } => ComputeFaults.NotFound("Access list not available for public flavors."),
            { } flavor => FlavorView.Access(flavor),
        });

    private async Task<ApiResult> AddAsync(ApiRequest request, CancellationToken ct)
    {
        if (FlavorSchemas.AddAccess.Refuses(request.ActionBody, out var invalid))
            return invalid;
        var project = request.ActionArgument("addTenantAccess").GetProperty("tenant").GetString()!;
        if (!await projects.ExistsAsync(project, ct))
            return ComputeFaults.Invalid($"Project ID {project} is not a valid project.");
        return await store.AddAccessAsync(request.Path("flavor_id"), project, ct) is { } fault ? fault : Show(request);
    }

    private async Task<ApiResult> RemoveAsync(ApiRequest request, CancellationToken ct)
    {
        if (FlavorSchemas.RemoveAccess.Refuses(request.ActionBody, out var invalid))
            return invalid;
        var project = request.ActionArgument("removeTenantAccess").GetProperty("tenant").GetString()!;
        return await store.RemoveAccessAsync(request.Path("flavor_id"), project, ct) is { } fault ? fault : Show(request);
    }

    private ApiResult Show(ApiRequest request) => store.Find(request.Path("flavor_id"), request.Caller) is { } flavor
        ? FlavorView.Access(flavor)
        : ComputeFaults.NoFlavor(request.Path("flavor_id"));
}
