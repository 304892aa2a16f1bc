using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Identity.Collections;

namespace Appliance.Controller.Identity.Projects;

/// <summary><c>/v3/projects</c>. Source: keystone/api/projects.py.</summary>
internal sealed class ProjectRoutes(IdentityContext context, ProjectChanges changes)
{
    private static readonly FilterField[] Filters =
    [
        new("domain_id", "p.domain_id"), new("enabled", "p.enabled", IsFlag: true), new("name", "p.name"), new("parent_id", "p.parent_id"),
        new("is_domain", "p.is_domain", IsFlag: true),
    ];

    public void Map(ApiRoutes v3)
    {
        var projects = v3.Group("/projects");
        projects.ReadAsking("", "identity:list_projects", ListAsync);
        projects.Post("", CreateAsync).AllowInHandler("identity:create_project");
        projects.Read("/{project_id}", "identity:get_project", ShowAsync, FindTargetAsync);
        projects.Patch("/{project_id}", UpdateAsync).Allow("identity:update_project", FindTargetAsync);
        projects.Delete("/{project_id}", DeleteAsync).Allow("identity:delete_project", FindTargetAsync);
    }

    /// <summary>The project of the path, for policies.</summary>
    public async ValueTask<PolicyTarget> FindTargetAsync(ApiRequest request, CancellationToken ct)
    {
        var project = await context.Database.ReadAsync((tx, token) => ProjectJson.Projects.FindAsync(tx, request.Path("project_id"), token), ct);
        return new PolicyTarget(null, null, project is null ? null : new Dictionary<string, string?>
        {
            ["target.project.id"] = project.Id,
            ["target.project.domain_id"] = project.DomainId,
        });
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var domain = request.Caller.DomainId;
        if (context.Check(request, "identity:list_projects", ("target.domain_id", domain)) is { } refused)
            return refused;
        if (CollectionQuery.Read(request.Query, Filters).Failed(out var invalid, out var query))
            return invalid;

        if (!request.Query.ContainsKey("is_domain"))
            query.And("p.is_domain = 0");
        if (domain is not null)
            query.And("p.domain_id = @ofDomain", ("ofDomain", domain));
        ProjectTagFilters.Add(query, request.Query);
        return await ProjectJson.Projects.ListAsync(context, request, query, ct);
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "project", ProjectJson.Create, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (context.Check(request, "identity:create_project", ("target.project.domain_id", body.StringOrNull("domain_id"))) is { } refused)
            return refused;

        var isDomain = body.Flag("is_domain", false);
        var domainId = isDomain ? null : body.StringOrNull("domain_id") ?? request.Caller.DomainId ?? Bootstrap.DefaultDomainId;
        var project = ProjectChanges.Apply(
            new Project(Ids.New(), domainId, body.StringOrNull("parent_id") ?? domainId, isDomain, "", "", true, "", Extra.None, Extra.None), body);
        return (await changes.CreateAsync(request.Actor, project, ct)).Failed(out var fault, out var created)
            ? fault
            : ProjectJson.Projects.Show(context, request, StatusCodes.Status201Created, created);
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("project_id");
        if (await context.Database.ReadAsync((tx, token) => ProjectJson.Projects.FindAsync(tx, id, token), ct) is not { } project)
            return IdentityFaults.NotFound("project", id);
        if ((await ProjectHierarchy.ReadAsync(context, request, project, ct)).Failed(out var invalid, out var hierarchy))
            return invalid;
        return ProjectJson.Projects.Show(context, request, StatusCodes.Status200OK, project, hierarchy.Write);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await IdentityBody.ReadMemberAsync(request, "project", ProjectJson.Update, ct)).Failed(out var invalid, out var body))
            return invalid;
        if (BodyMembers.CheckId(body, request.Path("project_id")) is { } changed)
            return changed;
        return (await changes.UpdateAsync(request.Actor, request.Path("project_id"), isDomain: false, body, ct)).Failed(out var fault, out var updated)
            ? fault
            : ProjectJson.Projects.Show(context, request, StatusCodes.Status200OK, updated);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct) =>
        await changes.DeleteAsync(request.Actor, request.Path("project_id"), isDomain: false, ct) is { } fault ? fault : ApiResult.NoContent;
}
