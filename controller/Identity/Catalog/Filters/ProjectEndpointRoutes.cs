using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Catalog.Endpoints;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Projects;

namespace Appliance.Controller.Identity.Catalog.Filters;

/// <summary>
/// <c>/v3/OS-EP-FILTER</c>, endpoints of projects: a project that was given any sees those only in its catalog.
/// Source: keystone/api/os_ep_filter.py, keystone/catalog/core.py.
/// </summary>
internal sealed class ProjectEndpointRoutes(IdentityContext context, EndpointRoutes endpoints)
{
    public void Map(ApiRoutes v3)
    {
        var filter = v3.Group("/OS-EP-FILTER");
        filter.Read("/endpoints/{endpoint_id}/projects", "identity:list_projects_for_endpoint", ListProjectsAsync);
        filter.Read("/projects/{project_id}/endpoints", "identity:list_endpoints_for_project", ListEndpointsAsync);
        filter.Read("/projects/{project_id}/endpoints/{endpoint_id}", "identity:check_endpoint_in_project", CheckAsync);
        filter.Put("/projects/{project_id}/endpoints/{endpoint_id}", AddAsync).Allow("identity:add_endpoint_to_project");
        filter.Delete("/projects/{project_id}/endpoints/{endpoint_id}", RemoveAsync).Allow("identity:remove_endpoint_from_project");
    }

    private async Task<ApiResult> ListProjectsAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("endpoint_id");
        if (await context.Database.ReadAsync((tx, token) => EndpointRoutes.FindAsync(tx, id, token), ct) is null)
            return IdentityFaults.NotFound("endpoint", id);
        return await ProjectJson.Projects.ListAsync(context, request, new CollectionQuery().And(
            "p.id IN (SELECT project_id FROM identity_project_endpoints WHERE endpoint_id = @endpoint)", ("endpoint", id)), ct);
    }

    private async Task<ApiResult> ListEndpointsAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("project_id");
        var found = await context.Database.ReadAsync(async (tx, token) => await ProjectJson.Projects.FindAsync(tx, id, token) is null
            ? null
            : await EndpointFilterStore.ListEndpointsAsync(tx, id, token), ct);
        return found is null ? IdentityFaults.NotFound("project", id) : endpoints.AnswerList(request, found);
    }

    private async Task<ApiResult> CheckAsync(ApiRequest request, CancellationToken ct)
    {
        var (projectId, endpointId) = (request.Path("project_id"), request.Path("endpoint_id"));
        return await context.Database.ReadAsync<Fault?>(async (tx, token) =>
            await CheckExistAsync(tx, projectId, endpointId, token)
                ?? (await EndpointFilterStore.HasEndpointAsync(tx, projectId, endpointId, token) ? null : NotGiven(projectId, endpointId)), ct) is { } fault
            ? fault
            : ApiResult.NoContent;
    }

    private async Task<ApiResult> AddAsync(ApiRequest request, CancellationToken ct)
    {
        var (projectId, endpointId) = (request.Path("project_id"), request.Path("endpoint_id"));
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await CheckExistAsync(tx, projectId, endpointId, token) is { } missing)
                return missing;
            if (!await EndpointFilterStore.TryAddEndpointAsync(tx, projectId, endpointId, token))
                return IdentityFaults.Conflict("project_endpoint", "Duplicate entry");
            await context.Database.LogAsync(tx, request.Actor, "project", projectId, "add_endpoint", token);
            return null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private async Task<ApiResult> RemoveAsync(ApiRequest request, CancellationToken ct)
    {
        var (projectId, endpointId) = (request.Path("project_id"), request.Path("endpoint_id"));
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (!await EndpointFilterStore.RemoveEndpointAsync(tx, projectId, endpointId, token))
                return NotGiven(projectId, endpointId);
            await context.Database.LogAsync(tx, request.Actor, "project", projectId, "remove_endpoint", token);
            return (Fault?)null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private static async Task<Fault?> CheckExistAsync(Session tx, string projectId, string endpointId, CancellationToken ct)
    {
        if (await EndpointRoutes.FindAsync(tx, endpointId, ct) is null)
            return IdentityFaults.NotFound("endpoint", endpointId);
        return await ProjectJson.Projects.FindAsync(tx, projectId, ct) is null ? IdentityFaults.NotFound("project", projectId) : null;
    }

    private static Fault NotGiven(string projectId, string endpointId) =>
        new(FaultKind.NotFound, $"Endpoint {endpointId} not found in project {projectId}");
}
