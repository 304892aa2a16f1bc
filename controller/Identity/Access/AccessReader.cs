using Appliance.Controller.Data;
using Appliance.Controller.Identity.Directories;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Access;

/// <summary>
/// Works out who may do what where, from the rows: direct and group assignments, those inherited from the domain and from projects above,
/// and implied roles. Behaviour: keystone/assignment/core.py, effective role assignments.
/// </summary>
internal sealed class AccessReader(IdentityDatabase database, DomainDirectories directories)
{
    /// <summary>Null: the user, project or domain does not exist. A grant that is not usable is an answer too.</summary>
    public ValueTask<AccessGrant?> FindAsync(string userId, TokenScope scope, CancellationToken ct) =>
        directories.IsFresh(userId) ? FindInRowsAsync(userId, scope, ct) : EnsureAndFindAsync(userId, scope, ct);

    private async ValueTask<AccessGrant?> EnsureAndFindAsync(string userId, TokenScope scope, CancellationToken ct)
    {
        await directories.EnsureUserAsync(userId, Freshness.Cached, ct);
        return await FindInRowsAsync(userId, scope, ct);
    }

    private ValueTask<AccessGrant?> FindInRowsAsync(string userId, TokenScope scope, CancellationToken ct) => database.Cache.FindAsync(
        new CacheKey("access", userId, KindName(scope.Kind), scope.Id), (tx, token) => ReadAsync(tx, userId, scope, token), ct);

    /// <summary>Like <see cref="FindAsync"/>, from the transaction's own state and uncached.</summary>
    public static async Task<AccessGrant?> ReadAsync(Session tx, string userId, TokenScope scope, CancellationToken ct)
    {
        if (await FindUserAsync(tx, userId, ct) is not { } user)
            return null;
        if (scope.Kind == ScopeKind.Unscoped)
            return new AccessGrant(user, scope, null, []);

        TargetRef? target = null;
        if (scope.Id is { } targetId)
        {
            target = await FindTargetAsync(tx, targetId, ct);
            if (target is null || (scope.Kind == ScopeKind.Domain && !target.IsDomain))
                return null;
        }

        var roleIds = await ListRoleIdsAsync(tx, userId, scope, target, ct);
        var graph = await RoleGraph.ReadAsync(tx, ct);
        return new AccessGrant(user, scope, target, graph.Effective(roleIds));
    }

    /// <summary>All roles the user has in the project, those of domains and what they imply included.</summary>
    public static async Task<HashSet<string>> ListRoleIdsAsync(Session tx, string userId, string projectId, RoleGraph graph, CancellationToken ct) =>
        await FindTargetAsync(tx, projectId, ct) is { } target
            ? [.. graph.Expand(await ListRoleIdsAsync(tx, userId, TokenScope.Project(projectId), target, ct)).Select(static role => role.Id)]
            : [];

    /// <summary>Null: there is no such user.</summary>
    public static async Task<UserRef?> FindUserAsync(Session tx, string userId, CancellationToken ct)
    {
        var user = await tx.FindAsync(
            """
            SELECT u.id, u.name, d.id, d.name, u.enabled * d.enabled * CASE WHEN f.is_home = 1 THEN COALESCE(i.enabled, 0) ELSE 1 END,
                u.tokens_valid_from, d.tokens_valid_from, u.password_expires_at, f.provider_id, f.protocol_id, f.is_home
            FROM identity_users u JOIN identity_projects d ON d.id = u.domain_id
                LEFT JOIN identity_federated_users f ON f.user_id = u.id LEFT JOIN identity_providers i ON i.id = f.provider_id
            WHERE u.id = @id ORDER BY f.is_home DESC, f.last_login_at DESC LIMIT 1
            """,
            static row => new UserRef(row.String(0), row.String(1), new NamedRef(row.String(2), row.String(3)), row.Bool(4),
                Later(row.Instant(5), row.Instant(6)), row.NullableInstant(7))
            { Federation = row.NullableString(8) is { } provider ? new FederatedIdentity(provider, row.String(9), [], row.Bool(10)) : null }, ct, ("id", userId));
        if (user?.Federation is not { } federation)
            return user;
        var groups = await tx.ListAsync(
            "SELECT group_id FROM identity_federated_groups WHERE user_id = @id ORDER BY group_id", static row => row.String(0), ct, ("id", userId));
        return user with { Federation = federation with { GroupIds = groups } };
    }

    private static Task<TargetRef?> FindTargetAsync(Session tx, string id, CancellationToken ct) => tx.FindAsync(
        """
        SELECT p.id, p.name, p.is_domain, d.id, d.name, p.enabled * d.enabled, p.tokens_valid_from, d.tokens_valid_from
        FROM identity_projects p JOIN identity_projects d ON d.id = CASE WHEN p.is_domain = 1 THEN p.id ELSE p.domain_id END WHERE p.id = @id
        """,
        static row => new TargetRef(row.String(0), row.String(1), row.Bool(2), new NamedRef(row.String(3), row.String(4)), row.Bool(5),
            Later(row.Instant(6), row.Instant(7))), ct, ("id", id));

    private const string OfUser =
        "((a.actor_kind = 'user' AND a.actor_id = @user) OR (a.actor_kind = 'group' AND a.actor_id IN " +
        "(SELECT group_id FROM identity_memberships WHERE user_id = @user "
        + "UNION ALL SELECT group_id FROM identity_federated_groups WHERE user_id = @user)))";

    private static Task<List<string>> ListRoleIdsAsync(Session tx, string userId, TokenScope scope, TargetRef? target, CancellationToken ct) =>
        scope.Kind switch
        {
            ScopeKind.System => tx.ListAsync(
                $"SELECT DISTINCT a.role_id FROM identity_assignments a WHERE {OfUser} AND a.target_kind = 'system' AND a.inherited = 0",
                static row => row.String(0), ct, ("user", userId)),
            ScopeKind.Domain => tx.ListAsync(
                $"SELECT DISTINCT a.role_id FROM identity_assignments a WHERE {OfUser} AND a.target_kind = 'domain' AND a.target_id = @target AND a.inherited = 0",
                static row => row.String(0), ct, ("user", userId), ("target", target!.Id)),
            _ => tx.ListAsync(
                $"""
                WITH RECURSIVE lineage (id, parent_id) AS (
                    SELECT id, parent_id FROM identity_projects WHERE id = @target
                    UNION ALL SELECT p.id, p.parent_id FROM identity_projects p JOIN lineage l ON p.id = l.parent_id)
                SELECT DISTINCT a.role_id FROM identity_assignments a WHERE {OfUser} AND (
                    (a.target_kind = 'project' AND a.target_id = @target AND a.inherited = 0)
                    OR (a.target_kind = 'project' AND a.inherited = 1 AND a.target_id <> @target AND a.target_id IN (SELECT id FROM lineage))
                    OR (a.target_kind = 'domain' AND a.inherited = 1 AND a.target_id = @domain))
                """,
                static row => row.String(0), ct, ("user", userId), ("target", target!.Id), ("domain", target.Domain.Id)),
        };

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    // Constant texts, so that a cache key costs no allocation.
    private static string KindName(ScopeKind kind) => kind switch
    {
        ScopeKind.Project => "project",
        ScopeKind.Domain => "domain",
        ScopeKind.System => "system",
        _ => "unscoped",
    };
}
