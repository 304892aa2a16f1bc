using Appliance.Controller.Data;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Projects;

namespace Appliance.Controller.Identity.Assignments;

/// <summary>
/// Lists assignments. The plain list is the grants. The effective list is what they amount to: groups become their members, inherited
/// grants the projects below, roles everything they imply. Source: keystone/assignment/core.py, list_role_assignments.
/// </summary>
internal static class AssignmentReader
{
    public static async Task<IReadOnlyList<Assignment>> ListAsync(Session tx, AssignmentFilter filter, CancellationToken ct)
    {
        var projects = filter.ProjectId is null ? null : await ListProjectIdsAsync(tx, filter, ct);
        return filter.IsEffective
            ? await ListEffectiveAsync(tx, filter, projects, ct)
            : [.. (await ListGrantsAsync(tx, filter, ct)).Where(grant => Matches(grant, filter, projects))];
    }

    private static async Task<HashSet<string>> ListProjectIdsAsync(Session tx, AssignmentFilter filter, CancellationToken ct)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal) { filter.ProjectId! };
        if (filter.IncludeSubtree)
            ids.UnionWith((await ProjectStore.ListSubtreeAsync(tx, filter.ProjectId!, ct)).Select(static project => project.Id));
        return ids;
    }

    // Narrowed by the index on the actor or the target where the question allows it; the rest is checked in memory.
    private static Task<List<Assignment>> ListGrantsAsync(Session tx, AssignmentFilter filter, CancellationToken ct)
    {
        var conditions = new List<string> { "1 = 1" };
        var parameters = new List<Parameter>();
        void And(string condition, string name, string value)
        {
            conditions.Add(condition);
            parameters.Add((name, value));
        }

        if (filter.UserId is { } user && filter.IsEffective)
            And("""
                ((actor_kind = 'user' AND actor_id = @actor) OR (actor_kind = 'group' AND actor_id IN
                    (SELECT group_id FROM identity_memberships WHERE user_id = @actor)))
                """, "actor", user);
        else if (filter.UserId is not null)
            And("actor_kind = 'user' AND actor_id = @actor", "actor", filter.UserId);
        else if (filter.GroupId is not null)
            And("actor_kind = 'group' AND actor_id = @actor", "actor", filter.GroupId);
        if (filter.DomainId is not null)
            And("target_kind = 'domain' AND target_id = @target", "target", filter.DomainId);
        else if (filter.OnSystem)
            conditions.Add("target_kind = 'system'");
        if (filter.RoleId is not null && !filter.IsEffective)
            And("role_id = @role", "role", filter.RoleId);

        return tx.ListAsync(
            "SELECT actor_kind, actor_id, target_kind, target_id, role_id, inherited FROM identity_assignments "
            + $"WHERE {string.Join(" AND ", conditions)} ORDER BY actor_kind DESC, actor_id, target_kind, target_id, role_id, inherited",
            static row => new Assignment(row.String(0), row.String(1), row.String(2), row.String(3), row.String(4), row.Bool(5)), ct, [.. parameters]);
    }

    private static bool Matches(Assignment grant, AssignmentFilter filter, HashSet<string>? projects) =>
        (projects is null || (grant.TargetKind == "project" && projects.Contains(grant.TargetId)))
        && (filter.Inherited is not { } inherited || grant.IsInherited == inherited);

    private static async Task<IReadOnlyList<Assignment>> ListEffectiveAsync(
        Session tx, AssignmentFilter filter, HashSet<string>? projects, CancellationToken ct)
    {
        var grants = await ListGrantsAsync(tx, filter, ct);
        var graph = await RoleGraph.ReadAsync(tx, ct);
        var tree = grants.Exists(static grant => grant.IsInherited) ? await ProjectTree.ReadAsync(tx, ct) : null;
        var members = await ListMembersAsync(tx, filter.UserId, grants.Exists(static grant => grant.ActorKind == "group"), ct);

        var effective = new HashSet<Assignment>();
        foreach (var grant in grants)
        {
            if (filter.Inherited is { } inherited && grant.IsInherited != inherited)
                continue;
            foreach (var placed in Place(grant, tree))
            {
                if (projects is not null && !(placed.TargetKind == "project" && projects.Contains(placed.TargetId)))
                    continue;
                foreach (var person in People(placed, members))
                    effective.UnionWith(Imply(person, graph, filter.RoleId));
            }
        }

        return [.. effective];
    }

    // An inherited grant counts on each project below, not where it was made.
    private static IEnumerable<Assignment> Place(Assignment grant, ProjectTree? tree) => grant.IsInherited
        ? tree!.Below(grant.TargetKind, grant.TargetId).Select(projectId => grant with
        {
            TargetKind = "project",
            TargetId = projectId,
            IsInherited = false,
            FromTargetKind = grant.TargetKind,
            FromTargetId = grant.TargetId,
        })
        : [grant];

    private static IEnumerable<Assignment> People(Assignment grant, ILookup<string, string> members) => grant.ActorKind == "user"
        ? [grant]
        : members[grant.ActorId].Select(userId => grant with { ActorKind = "user", ActorId = userId, FromGroupId = grant.ActorId });

    private static IEnumerable<Assignment> Imply(Assignment assignment, RoleGraph graph, string? roleId)
    {
        foreach (var role in graph.Expand([assignment.RoleId]))
        {
            // A domain's role is only a name for what it implies.
            if (role.DomainId is not null || (roleId is not null && role.Id != roleId))
                continue;
            yield return role.Id == assignment.RoleId ? assignment : assignment with { RoleId = role.Id, PriorRoleId = assignment.RoleId };
        }
    }

    private static async Task<ILookup<string, string>> ListMembersAsync(Session tx, string? onlyUserId, bool isNeeded, CancellationToken ct)
    {
        List<(string Group, string User)> rows = !isNeeded
            ? []
            : onlyUserId is null
                ? await tx.ListAsync("SELECT group_id, user_id FROM identity_memberships", static row => (row.String(0), row.String(1)), ct)
                : await tx.ListAsync("SELECT group_id, user_id FROM identity_memberships WHERE user_id = @user",
                    static row => (row.String(0), row.String(1)), ct, ("user", onlyUserId));
        return rows.ToLookup(static row => row.Group, static row => row.User);
    }
}

/// <summary>Which projects lie below which: only ids.</summary>
internal sealed class ProjectTree
{
    private readonly ILookup<string, string> _children;
    private readonly ILookup<string, string> _ofDomain;

    private ProjectTree(ILookup<string, string> children, ILookup<string, string> ofDomain) => (_children, _ofDomain) = (children, ofDomain);

    public static async Task<ProjectTree> ReadAsync(Session tx, CancellationToken ct)
    {
        var rows = await tx.ListAsync("SELECT id, parent_id, domain_id FROM identity_projects WHERE is_domain = 0",
            static row => (Id: row.String(0), Parent: row.NullableString(1) ?? "", Domain: row.String(2)), ct);
        return new ProjectTree(
            rows.ToLookup(static row => row.Parent, static row => row.Id), rows.ToLookup(static row => row.Domain, static row => row.Id));
    }

    /// <summary>Projects that inherit from the target, without the target.</summary>
    public IEnumerable<string> Below(string targetKind, string targetId)
    {
        if (targetKind == "domain")
            return _ofDomain[targetId];
        var found = new List<string>();
        var open = new Stack<string>(_children[targetId]);
        while (open.TryPop(out var id))
        {
            found.Add(id);
            foreach (var child in _children[id])
                open.Push(child);
        }

        return found;
    }
}
