using Appliance.Controller.Data;
using Appliance.Controller.Identity.Access;

namespace Appliance.Controller.Identity.Assignments;

/// <summary>
/// Lists assignments. The plain list is the grants. The effective list is what they amount to: groups become their members, inherited
/// grants the projects below, roles everything they imply. Source: keystone/assignment/core.py, list_role_assignments.
/// </summary>
internal static class AssignmentReader
{
    public static async Task<IReadOnlyList<Assignment>> ListAsync(Session tx, AssignmentFilter filter, CancellationToken ct) =>
        filter.IsEffective ? await ListEffectiveAsync(tx, filter, ct) : await GrantReader.ListAsync(tx, filter, ct);

    private static async Task<IReadOnlyList<Assignment>> ListEffectiveAsync(Session tx, AssignmentFilter filter, CancellationToken ct)
    {
        var grants = await GrantReader.ListBearingAsync(tx, filter, ct);
        var graph = await RoleGraph.ReadAsync(tx, ct);
        var inheriting = await InheritingProjects.ReadAsync(tx, filter, grants, ct);
        var members = await ListMembersAsync(tx, filter.UserId, grants, ct);

        var roles = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        var effective = new HashSet<Assignment>();
        foreach (var grant in grants)
        {
            if (!roles.TryGetValue(grant.RoleId, out var meant))
                roles[grant.RoleId] = meant = RolesOf(graph, grant.RoleId, filter.RoleId);
            foreach (var placed in Place(grant, inheriting))
            {
                foreach (var person in People(placed, members))
                {
                    foreach (var role in meant)
                        effective.Add(role == grant.RoleId ? person : person with { RoleId = role, PriorRoleId = grant.RoleId });
                }
            }
        }

        return [.. effective];
    }

    // An inherited grant counts on each project below, not where it was made.
    private static IEnumerable<Assignment> Place(Assignment grant, InheritingProjects inheriting) => grant.IsInherited
        ? inheriting.Below(grant.TargetKind, grant.TargetId).Select(projectId => grant with
        {
            TargetKind = "project",
            TargetId = projectId,
            IsInherited = false,
            FromTargetKind = grant.TargetKind,
            FromTargetId = grant.TargetId,
        })
        : [grant];

    private static IEnumerable<Assignment> People(Assignment grant, Dictionary<string, List<string>> members) => grant.ActorKind == "user"
        ? [grant]
        : members[grant.ActorId].Select(userId => grant with { ActorKind = "user", ActorId = userId, FromGroupId = grant.ActorId });

    // The role and what it implies. A domain's role is only a name for what it implies.
    private static string[] RolesOf(RoleGraph graph, string roleId, string? only) =>
        [.. graph.Expand([roleId]).Where(role => role.DomainId is null && (only is null || role.Id == only)).Select(static role => role.Id)];

    // The grants of groups that were found for one user are that user's.
    private static async Task<Dictionary<string, List<string>>> ListMembersAsync(
        Session tx, string? onlyUserId, List<Assignment> grants, CancellationToken ct)
    {
        var members = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var grant in grants)
        {
            if (grant.ActorKind == "group" && !members.ContainsKey(grant.ActorId))
                members[grant.ActorId] = onlyUserId is not null ? [onlyUserId] : await tx.ListAsync(
                    "SELECT user_id FROM identity_memberships WHERE group_id = @group ORDER BY user_id", static row => row.String(0), ct, ("group", grant.ActorId));
        }

        return members;
    }
}
