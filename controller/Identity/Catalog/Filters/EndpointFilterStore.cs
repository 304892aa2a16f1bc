using Appliance.Controller.Data;
using Appliance.Controller.Identity.Catalog.Endpoints;
using Appliance.Controller.Identity.Collections;
using Endpoint = Appliance.Controller.Identity.Catalog.Endpoints.Endpoint;

namespace Appliance.Controller.Identity.Catalog.Filters;

/// <summary>Which endpoints and endpoint groups projects were given.</summary>
internal static class EndpointFilterStore
{
    /// <summary>False: the project has it.</summary>
    public static async Task<bool> TryAddEndpointAsync(Session tx, string projectId, string endpointId, CancellationToken ct) => await tx.ExecuteAsync(
        "INSERT INTO identity_project_endpoints (project_id, endpoint_id) VALUES (@project, @endpoint) ON CONFLICT DO NOTHING",
        ct, ("project", projectId), ("endpoint", endpointId)) == 1;

    public static async Task<bool> HasEndpointAsync(Session tx, string projectId, string endpointId, CancellationToken ct) => await tx.CountAsync(
        "SELECT COUNT(*) FROM identity_project_endpoints WHERE project_id = @project AND endpoint_id = @endpoint",
        ct, ("project", projectId), ("endpoint", endpointId)) == 1;

    /// <summary>False: the project did not have it.</summary>
    public static async Task<bool> RemoveEndpointAsync(Session tx, string projectId, string endpointId, CancellationToken ct) => await tx.ExecuteAsync(
        "DELETE FROM identity_project_endpoints WHERE project_id = @project AND endpoint_id = @endpoint",
        ct, ("project", projectId), ("endpoint", endpointId)) == 1;

    /// <summary>False: the project has it.</summary>
    public static async Task<bool> TryAddGroupAsync(Session tx, string projectId, string groupId, CancellationToken ct) => await tx.ExecuteAsync(
        "INSERT INTO identity_project_endpoint_groups (project_id, group_id) VALUES (@project, @group) ON CONFLICT DO NOTHING",
        ct, ("project", projectId), ("group", groupId)) == 1;

    public static async Task<bool> HasGroupAsync(Session tx, string projectId, string groupId, CancellationToken ct) => await tx.CountAsync(
        "SELECT COUNT(*) FROM identity_project_endpoint_groups WHERE project_id = @project AND group_id = @group",
        ct, ("project", projectId), ("group", groupId)) == 1;

    /// <summary>False: the project did not have it.</summary>
    public static async Task<bool> RemoveGroupAsync(Session tx, string projectId, string groupId, CancellationToken ct) => await tx.ExecuteAsync(
        "DELETE FROM identity_project_endpoint_groups WHERE project_id = @project AND group_id = @group",
        ct, ("project", projectId), ("group", groupId)) == 1;

    public static Task<List<EndpointGroup>> ListGroupsAsync(Session tx, string projectId, CancellationToken ct) => EndpointGroupJson.Groups.ListAsync(tx,
        new CollectionQuery().And("g.id IN (SELECT group_id FROM identity_project_endpoint_groups WHERE project_id = @project)", ("project", projectId)), ct);

    /// <summary>The endpoints a project was given, itself and through groups; none when nobody gave it any.</summary>
    public static async Task<IReadOnlyList<Endpoint>> ListEndpointsAsync(Session tx, string projectId, CancellationToken ct)
    {
        var own = (await tx.ListAsync("SELECT endpoint_id FROM identity_project_endpoints WHERE project_id = @project", static row => row.String(0), ct,
            ("project", projectId))).ToHashSet(StringComparer.Ordinal);
        var groups = await ListGroupsAsync(tx, projectId, ct);
        if (own.Count == 0 && groups.Count == 0)
            return [];
        return [.. (await EndpointRoutes.ListAllAsync(tx, ct))
            .Where(endpoint => own.Contains(endpoint.Id) || groups.Exists(group => group.Has(endpoint)))];
    }

    public static async Task DeleteOfProjectAsync(Session tx, string projectId, CancellationToken ct)
    {
        await tx.ExecuteAsync("DELETE FROM identity_project_endpoints WHERE project_id = @id", ct, ("id", projectId));
        await tx.ExecuteAsync("DELETE FROM identity_project_endpoint_groups WHERE project_id = @id", ct, ("id", projectId));
    }
}
