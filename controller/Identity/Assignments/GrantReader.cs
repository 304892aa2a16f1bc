using Appliance.Controller.Data;

namespace Appliance.Controller.Identity.Assignments;

/// <summary>Reads grants as they were made. Every question finds its rows by an index on the actor, the target or the role.</summary>
internal static class GrantReader
{
    /// <summary>The grants that a plain list asks for.</summary>
    public static Task<List<Assignment>> ListAsync(Session tx, AssignmentFilter filter, CancellationToken ct)
    {
        var query = new GrantQuery();
        if (filter.UserId is not null)
            query.And("actor_kind = 'user' AND actor_id = @actor", ("actor", filter.UserId));
        else if (filter.GroupId is not null)
            query.And("actor_kind = 'group' AND actor_id = @actor", ("actor", filter.GroupId));
        if (filter.RoleId is not null)
            query.And("role_id = @role", ("role", filter.RoleId));
        if (filter.ProjectId is not null)
            query.And($"target_kind = 'project' AND target_id IN ({Wanted(filter)})", ("project", filter.ProjectId));
        return query.OnTarget(filter).Inherited(filter.Inherited).ListAsync(tx, ct);
    }

    /// <summary>The grants that can matter for an effective list: those of the user and of its groups, on what is asked about or above it.</summary>
    public static Task<List<Assignment>> ListBearingAsync(Session tx, AssignmentFilter filter, CancellationToken ct)
    {
        var query = new GrantQuery();
        if (filter.UserId is not null)
            query.And(OfUser, ("actor", filter.UserId));
        if (filter.ProjectId is not null)
            query.And(
                $"""
                ((target_kind = 'project' AND inherited = 0 AND target_id IN ({Wanted(filter)}))
                OR (target_kind = 'project' AND inherited = 1 AND target_id IN ({Above}))
                OR (target_kind = 'project' AND inherited = 1 AND target_id IN ({(filter.IncludeSubtree ? Subtree : "''")}))
                OR (target_kind = 'domain' AND inherited = 1 AND target_id IN (SELECT domain_id FROM identity_projects WHERE id = @project)))
                """, ("project", filter.ProjectId));
        // Domains do not inherit: only what was granted on the domain itself counts there.
        return query.OnTarget(filter).Inherited(filter.DomainId is not null ? false : filter.Inherited).ListAsync(tx, ct);
    }

    private const string OfUser =
        """
        ((actor_kind = 'user' AND actor_id = @actor) OR (actor_kind = 'group' AND actor_id IN (
            SELECT group_id FROM identity_memberships WHERE user_id = @actor
            UNION ALL SELECT group_id FROM identity_federated_groups WHERE user_id = @actor)))
        """;

    // The project and everything below it.
    private const string Subtree =
        """
        WITH RECURSIVE below (id) AS (
            SELECT @project UNION ALL SELECT c.id FROM identity_projects c JOIN below b ON c.parent_id = b.id)
        SELECT id FROM below
        """;

    private const string Above =
        """
        WITH RECURSIVE above (id) AS (
            SELECT parent_id FROM identity_projects WHERE id = @project
            UNION ALL SELECT p.parent_id FROM identity_projects p JOIN above a ON p.id = a.id)
        SELECT id FROM above WHERE id IS NOT NULL
        """;

    private static string Wanted(AssignmentFilter filter) => filter.IncludeSubtree ? Subtree : "@project";

    private sealed class GrantQuery
    {
        private readonly List<string> _conditions = ["1 = 1"];
        private readonly List<Parameter> _parameters = [];

        public GrantQuery And(string condition, params ReadOnlySpan<Parameter> parameters)
        {
            _conditions.Add(condition);
            _parameters.AddRange(parameters);
            return this;
        }

        public GrantQuery OnTarget(AssignmentFilter filter)
        {
            if (filter.DomainId is not null)
                And("target_kind = 'domain' AND target_id = @target", ("target", filter.DomainId));
            return filter.OnSystem ? And("target_kind = 'system'") : this;
        }

        public GrantQuery Inherited(bool? only) => only is { } inherited ? And("inherited = @inherited", ("inherited", inherited)) : this;

        public Task<List<Assignment>> ListAsync(Session tx, CancellationToken ct) => tx.ListAsync(
            "SELECT actor_kind, actor_id, target_kind, target_id, role_id, inherited FROM identity_assignments "
            + $"WHERE {string.Join(" AND ", _conditions)} ORDER BY actor_kind DESC, actor_id, target_kind, target_id, role_id, inherited",
            static row => new Assignment(row.String(0), row.String(1), row.String(2), row.String(3), row.String(4), row.Bool(5)), ct, [.. _parameters]);
    }
}
