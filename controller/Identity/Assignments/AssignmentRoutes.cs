using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Directories;
using Appliance.Controller.Identity.Projects;

namespace Appliance.Controller.Identity.Assignments;

/// <summary><c>/v3/role_assignments</c>. Source: keystone/api/role_assignments.py.</summary>
internal sealed class AssignmentRoutes(IdentityContext context)
{
    public void Map(ApiRoutes v3) => v3.ReadAsking("/role_assignments", "identity:list_role_assignments", ListAsync);

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (AssignmentFilter.Read(request).Failed(out var invalid, out var filter))
            return invalid;
        if (await context.Database.ReadAsync((tx, token) => CheckAsync(tx, request, filter, token), ct) is { } refused)
            return refused;
        await EnsureActorsAsync(filter, ct);
        return await context.Database.ReadAsync<ApiResult>(async (tx, token) =>
        {
            var assignments = await AssignmentReader.ListAsync(tx, filter, token);
            if (request.Caller.DomainId is { } domain)
                assignments = await OfDomainAsync(tx, assignments, domain, token);
            var names = filter.IncludeNames ? await AssignmentNames.ReadAsync(tx, assignments, token) : null;
            var v3 = context.V3Url(request);
            return SmallList.Answer(context, request, "role_assignments", writer =>
            {
                foreach (var assignment in assignments)
                    AssignmentJson.Write(writer, assignment, names, v3);
            });
        }, ct);
    }

    // What the list amounts to depends on who is in groups of directories, and names on what people are called there.
    private async Task EnsureActorsAsync(AssignmentFilter filter, CancellationToken ct)
    {
        if (!context.Directories.IsOn || (!filter.IsEffective && !filter.IncludeNames))
            return;
        if (filter.UserId is { } user)
        {
            await context.Directories.EnsureUserAsync(user, Freshness.Cached, ct);
            return;
        }

        var actors = await context.Database.ReadAsync((tx, token) => tx.ListAsync(
            "SELECT DISTINCT actor_kind, actor_id FROM identity_assignments WHERE actor_id IN (SELECT public_id FROM identity_directory_ids)",
            static row => (Kind: row.String(0), Id: row.String(1)), token), ct);
        foreach (var (kind, id) in actors)
        {
            if (kind == "group" && filter.IsEffective)
                await context.Directories.EnsureMembersAsync(id, ct);
            else
                await context.Directories.EnsureActorAsync(kind, id, ct);
        }
    }

    private async Task<Fault?> CheckAsync(Session tx, ApiRequest request, AssignmentFilter filter, CancellationToken ct)
    {
        if (!filter.IncludeSubtree)
            return context.Check(request, "identity:list_role_assignments", ("target.domain_id", request.Caller.DomainId));
        var project = await ProjectJson.Projects.FindAsync(tx, filter.ProjectId!, ct);
        var refused = project is null
            ? context.Check(request, "identity:list_role_assignments_for_tree")
            : context.Check(request, "identity:list_role_assignments_for_tree",
                ("target.project.id", project.Id), ("target.project.domain_id", project.DomainId), ("target.domain_id", project.DomainId));
        return refused ?? (project is null ? IdentityFaults.NotFound("project", filter.ProjectId!) : null);
    }

    // A domain's token shows what lies in that domain.
    private static async Task<IReadOnlyList<Assignment>> OfDomainAsync(
        Session tx, IReadOnlyList<Assignment> assignments, string domainId, CancellationToken ct)
    {
        var projects = (await tx.ListAsync("SELECT id FROM identity_projects WHERE domain_id = @domain",
            static row => row.String(0), ct, ("domain", domainId))).ToHashSet(StringComparer.Ordinal);
        return [.. assignments.Where(assignment => assignment.TargetKind switch
        {
            "domain" => assignment.TargetId == domainId,
            "project" => projects.Contains(assignment.TargetId),
            _ => false,
        })];
    }
}

/// <summary>An assignment on the wire.</summary>
internal static class AssignmentJson
{
    public static void Write(Utf8JsonWriter writer, Assignment assignment, AssignmentNames? names, string v3)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("role");
        writer.WriteString("id", assignment.RoleId);
        names?.Write(writer, "role", assignment.RoleId);
        writer.WriteEndObject();
        writer.WriteStartObject(assignment.ActorKind);
        writer.WriteString("id", assignment.ActorId);
        names?.Write(writer, assignment.ActorKind, assignment.ActorId);
        writer.WriteEndObject();
        WriteScope(writer, assignment, names);
        writer.WriteStartObject("links");
        writer.WriteString("assignment", v3 + GrantPath(assignment));
        if (assignment.FromGroupId is { } group)
            writer.WriteString("membership", $"{v3}/groups/{group}/users/{assignment.ActorId}");
        if (assignment.PriorRoleId is { } prior)
            writer.WriteString("prior_role", $"{v3}/prior_role/{prior}/implies/{assignment.RoleId}");
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteScope(Utf8JsonWriter writer, Assignment assignment, AssignmentNames? names)
    {
        writer.WriteStartObject("scope");
        if (assignment.TargetKind == "system")
        {
            writer.WriteStartObject("system");
            writer.WriteBoolean("all", true);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteStartObject(assignment.TargetKind);
            writer.WriteString("id", assignment.TargetId);
            names?.Write(writer, assignment.TargetKind, assignment.TargetId);
            writer.WriteEndObject();
        }

        if (assignment.IsInherited || assignment.FromTargetId is not null)
            writer.WriteString("OS-INHERIT:inherited_to", "projects");
        writer.WriteEndObject();
    }

    // Where the grant behind the assignment is found.
    private static string GrantPath(Assignment assignment)
    {
        var target = assignment.TargetKind == "system"
            ? "/system"
            : $"/{assignment.FromTargetKind ?? assignment.TargetKind}s/{assignment.FromTargetId ?? assignment.TargetId}";
        var actor = assignment.FromGroupId is { } group ? $"/groups/{group}" : $"/{assignment.ActorKind}s/{assignment.ActorId}";
        var path = $"{target}{actor}/roles/{assignment.PriorRoleId ?? assignment.RoleId}";
        return assignment.IsInherited || assignment.FromTargetId is not null ? $"/OS-INHERIT{path}/inherited_to_projects" : path;
    }
}
