using Appliance.Controller.Data;

namespace Appliance.Controller.Identity.Access;

/// <summary>Where a user has any role: directly, through groups, inherited.</summary>
internal static class UserScopes
{
    /// <summary>A condition on <c>p.id</c> with parameter <c>@scopesOf</c>: projects where the user has a role.</summary>
    public const string ProjectCondition =
        $"""
        p.is_domain = 0 AND p.id IN (
            WITH RECURSIVE mine (target_kind, target_id, inherited) AS (
                SELECT DISTINCT a.target_kind, a.target_id, a.inherited FROM identity_assignments a WHERE {OfUser}),
            below (id) AS (
                SELECT c.id FROM identity_projects c JOIN mine m ON m.target_kind = 'project' AND m.inherited = 1 AND c.parent_id = m.target_id
                UNION SELECT c.id FROM identity_projects c JOIN below b ON c.parent_id = b.id)
            SELECT m.target_id FROM mine m WHERE m.target_kind = 'project' AND m.inherited = 0
            UNION SELECT b.id FROM below b
            UNION SELECT c.id FROM identity_projects c JOIN mine m ON m.target_kind = 'domain' AND m.inherited = 1 AND c.domain_id = m.target_id)
        """;

    /// <summary>A condition on <c>p.id</c> with parameter <c>@scopesOf</c>: domains where the user has a role.</summary>
    public const string DomainCondition =
        $"p.is_domain = 1 AND p.id IN (SELECT a.target_id FROM identity_assignments a WHERE {OfUser} AND a.target_kind = 'domain' AND a.inherited = 0)";

    private const string OfUser =
        "((a.actor_kind = 'user' AND a.actor_id = @scopesOf) OR (a.actor_kind = 'group' AND a.actor_id IN " +
        "(SELECT ms.group_id FROM identity_memberships ms WHERE ms.user_id = @scopesOf "
        + "UNION ALL SELECT fg.group_id FROM identity_federated_groups fg WHERE fg.user_id = @scopesOf)))";

    public static Task<List<string>> ListProjectIdsAsync(Session tx, string userId, CancellationToken ct) =>
        tx.ListAsync($"SELECT p.id FROM identity_projects p WHERE {ProjectCondition}", static row => row.String(0), ct, ("scopesOf", userId));

    public static async Task<bool> HasSystemAsync(Session tx, string userId, CancellationToken ct) => await tx.CountAsync(
        $"SELECT COUNT(*) FROM identity_assignments a WHERE {OfUser} AND a.target_kind = 'system'", ct, ("scopesOf", userId)) > 0;
}
