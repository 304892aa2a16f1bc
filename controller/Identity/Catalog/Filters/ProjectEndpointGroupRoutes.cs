using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Catalog.Endpoints;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Projects;

namespace Appliance.Controller.Identity.Catalog.Filters;

/// <summary><c>/v3/OS-EP-FILTER</c>, endpoint groups of projects. Source: keystone/api/os_ep_filter.py.</summary>
internal sealed class ProjectEndpointGroupRoutes(IdentityContext context, EndpointRoutes endpoints)
{
    public void Map(ApiRoutes v3)
    {
        var filter = v3.Group("/OS-EP-FILTER");
        filter.Read("/projects/{project_id}/endpoint_groups", "identity:list_endpoint_groups_for_project", ListGroupsAsync);
        var group = filter.Group("/endpoint_groups/{endpoint_group_id}");
        group.Read("/endpoints", "identity:list_endpoints_associated_with_endpoint_group", ListEndpointsAsync);
        group.Read("/projects", "identity:list_projects_associated_with_endpoint_group", ListProjectsAsync);
        group.Read("/projects/{project_id}", "identity:get_endpoint_group_in_project", ShowAsync);
        group.Put("/projects/{project_id}", AddAsync).Allow("identity:add_endpoint_group_to_project");
        group.Delete("/projects/{project_id}", RemoveAsync).Allow("identity:remove_endpoint_group_from_project");
    }

    private async Task<ApiResult> ListGroupsAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("project_id");
        if (await context.Database.ReadAsync((tx, token) => ProjectJson.Projects.FindAsync(tx, id, token), ct) is null)
            return IdentityFaults.NotFound("project", id);
        return await EndpointGroupJson.Groups.ListAsync(context, request, new CollectionQuery().And(
            "g.id IN (SELECT group_id FROM identity_project_endpoint_groups WHERE project_id = @project)", ("project", id)), ct);
    }

    private async Task<ApiResult> ListEndpointsAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("endpoint_group_id");
        var found = await context.Database.ReadAsync(async (tx, token) => await EndpointGroupJson.Groups.FindAsync(tx, id, token) is not { } group
            ? null
            : (await EndpointRoutes.ListAllAsync(tx, token)).FindAll(group.Has), ct);
        return found is null ? EndpointGroupRoutes.NotFound(id) : endpoints.AnswerList(request, found);
    }

    private Task<ApiResult> ListProjectsAsync(ApiRequest request, CancellationToken ct) => ProjectJson.Projects.ListAsync(
        context, request, new CollectionQuery().And(
            "p.id IN (SELECT project_id FROM identity_project_endpoint_groups WHERE group_id = @group)", ("group", request.Path("endpoint_group_id"))), ct);

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var (groupId, projectId) = (request.Path("endpoint_group_id"), request.Path("project_id"));
        if (await context.Database.ReadAsync<Fault?>(async (tx, token) =>
            await CheckExistAsync(tx, projectId, groupId, token)
                ?? (await EndpointFilterStore.HasGroupAsync(tx, projectId, groupId, token) ? null : NotGiven), ct) is { } fault)
            return fault;
        return ApiResult.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("project_endpoint_group");
            writer.WriteString("endpoint_group_id", groupId);
            writer.WriteString("project_id", projectId);
            writer.WriteStartObject("links");
            writer.WriteString("self", $"/OS-EP-FILTER/endpoint_groups/{groupId}/projects/{projectId}");
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private async Task<ApiResult> AddAsync(ApiRequest request, CancellationToken ct)
    {
        var (groupId, projectId) = (request.Path("endpoint_group_id"), request.Path("project_id"));
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await CheckExistAsync(tx, projectId, groupId, token) is { } missing)
                return missing;
            if (!await EndpointFilterStore.TryAddGroupAsync(tx, projectId, groupId, token))
                return IdentityFaults.Conflict("project_endpoint_group", "Duplicate entry");
            await context.Database.LogAsync(tx, request.Actor, "project", projectId, "add_endpoint_group", token);
            return null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private async Task<ApiResult> RemoveAsync(ApiRequest request, CancellationToken ct)
    {
        var (groupId, projectId) = (request.Path("endpoint_group_id"), request.Path("project_id"));
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await CheckExistAsync(tx, projectId, groupId, token) is { } missing)
                return missing;
            if (!await EndpointFilterStore.RemoveGroupAsync(tx, projectId, groupId, token))
                return NotGiven;
            await context.Database.LogAsync(tx, request.Actor, "project", projectId, "remove_endpoint_group", token);
            return null;
        }, ct) is { } fault ? fault : ApiResult.NoContent;
    }

    private static async Task<Fault?> CheckExistAsync(Session tx, string projectId, string groupId, CancellationToken ct)
    {
        if (await ProjectJson.Projects.FindAsync(tx, projectId, ct) is null)
            return IdentityFaults.NotFound("project", projectId);
        return await EndpointGroupJson.Groups.FindAsync(tx, groupId, ct) is null ? EndpointGroupRoutes.NotFound(groupId) : null;
    }

    private static readonly Fault NotGiven = new(FaultKind.NotFound, "Endpoint Group Project Association not found");
}
