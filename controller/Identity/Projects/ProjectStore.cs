using Appliance.Controller.Data;
using Appliance.Controller.Identity.Catalog.Filters;
using Appliance.Controller.Identity.Trusts;

namespace Appliance.Controller.Identity.Projects;

/// <summary>Rows of projects and domains.</summary>
internal static class ProjectStore
{
    /// <summary>False: the name is taken.</summary>
    public static async Task<bool> TryInsertAsync(Session tx, Project project, CancellationToken ct) => await tx.ExecuteAsync(
        """
        INSERT INTO identity_projects (id, domain_id, parent_id, is_domain, name, description, enabled, tags, options, extra, tokens_valid_from)
        VALUES (@id, @domain, @parent, @isDomain, @name, @description, @enabled, @tags, @options, @extra, 0) ON CONFLICT DO NOTHING
        """, ct, Bind(project)) == 1;

    /// <summary>False: the name is taken.</summary>
    public static async Task<bool> TryUpdateAsync(Session tx, Project project, CancellationToken ct)
    {
        var taken = await tx.CountAsync(
            "SELECT COUNT(*) FROM identity_projects WHERE is_domain = @isDomain AND domain_id = @domain AND name = @name AND id <> @id", ct,
            ("isDomain", project.IsDomain), ("domain", project.DomainId ?? ""), ("name", project.Name), ("id", project.Id));
        return taken == 0 && await tx.ExecuteAsync(
            """
            UPDATE identity_projects SET domain_id = @domain, parent_id = @parent, is_domain = @isDomain, name = @name, description = @description,
                enabled = @enabled, tags = @tags, options = @options, extra = @extra WHERE id = @id
            """, ct, Bind(project)) == 1;
    }

    /// <summary>Voids the tokens that are scoped to it, or to anything in it when it is a domain.</summary>
    public static Task VoidTokensAsync(Session tx, string id, DateTimeOffset now, CancellationToken ct) =>
        tx.ExecuteAsync("UPDATE identity_projects SET tokens_valid_from = @now WHERE id = @id", ct, ("now", now), ("id", id));

    /// <summary>The project and everything above it, nearest first; empty when it does not exist.</summary>
    public static Task<List<Project>> ListLineageAsync(Session tx, string id, CancellationToken ct) => ListTreeAsync(tx,
        """
        WITH RECURSIVE tree (id, parent_id, depth) AS (
            SELECT id, parent_id, 0 FROM identity_projects WHERE id = @root
            UNION ALL SELECT up.id, up.parent_id, t.depth + 1 FROM identity_projects up JOIN tree t ON up.id = t.parent_id)
        """, id, ct);

    /// <summary>Everything below it, level by level, without itself.</summary>
    public static async Task<List<Project>> ListSubtreeAsync(Session tx, string id, CancellationToken ct) =>
        [.. (await ListTreeAsync(tx,
            """
            WITH RECURSIVE tree (id, depth) AS (
                SELECT id, 0 FROM identity_projects WHERE id = @root
                UNION ALL SELECT down.id, t.depth + 1 FROM identity_projects down JOIN tree t ON down.parent_id = t.id)
            """, id, ct)).Where(project => project.Id != id)];

    /// <summary>Deletes it with its assignments; a domain with all its projects, users, groups and roles.</summary>
    public static async Task DeleteAsync(Session tx, Project project, CancellationToken ct)
    {
        if (project.IsDomain)
            await DeleteContentsAsync(tx, project.Id, ct);
        await tx.ExecuteAsync("DELETE FROM identity_assignments WHERE target_kind <> 'system' AND target_id = @id", ct, ("id", project.Id));
        await tx.ExecuteAsync("DELETE FROM identity_application_credentials WHERE project_id = @id", ct, ("id", project.Id));
        await tx.ExecuteAsync("DELETE FROM identity_credentials WHERE project_id = @id", ct, ("id", project.Id));
        await TrustStore.DeleteOfProjectAsync(tx, project.Id, ct);
        await EndpointFilterStore.DeleteOfProjectAsync(tx, project.Id, ct);
        await tx.ExecuteAsync("DELETE FROM identity_domain_options WHERE domain_id = @id", ct, ("id", project.Id));
        await tx.ExecuteAsync("DELETE FROM identity_limits WHERE project_id = @id OR domain_id = @id", ct, ("id", project.Id));
        await tx.ExecuteAsync("UPDATE identity_users SET default_project_id = NULL WHERE default_project_id = @id", ct, ("id", project.Id));
        await tx.ExecuteAsync("DELETE FROM identity_projects WHERE id = @id", ct, ("id", project.Id));
    }

    private static async Task DeleteContentsAsync(Session tx, string domainId, CancellationToken ct)
    {
        await TrustStore.DeleteOfDomainAsync(tx, domainId, ct);
        string[] statements =
        [
            "DELETE FROM identity_assignments WHERE actor_kind = 'user' AND actor_id IN (SELECT id FROM identity_users WHERE domain_id = @domain)",
            "DELETE FROM identity_assignments WHERE actor_kind = 'group' AND actor_id IN (SELECT id FROM identity_groups WHERE domain_id = @domain)",
            "DELETE FROM identity_assignments WHERE target_kind = 'project' AND target_id IN (SELECT id FROM identity_projects WHERE domain_id = @domain)",
            "DELETE FROM identity_assignments WHERE role_id IN (SELECT id FROM identity_roles WHERE domain_id = @domain)",
            "DELETE FROM identity_implied_roles WHERE prior_id IN (SELECT id FROM identity_roles WHERE domain_id = @domain) "
                + "OR implied_id IN (SELECT id FROM identity_roles WHERE domain_id = @domain)",
            "DELETE FROM identity_memberships WHERE user_id IN (SELECT id FROM identity_users WHERE domain_id = @domain) "
                + "OR group_id IN (SELECT id FROM identity_groups WHERE domain_id = @domain)",
            "DELETE FROM identity_application_credentials WHERE user_id IN (SELECT id FROM identity_users WHERE domain_id = @domain)",
            "DELETE FROM identity_access_rules WHERE user_id IN (SELECT id FROM identity_users WHERE domain_id = @domain)",
            "DELETE FROM identity_credentials WHERE user_id IN (SELECT id FROM identity_users WHERE domain_id = @domain)",
            "DELETE FROM identity_application_credentials WHERE project_id IN (SELECT id FROM identity_projects WHERE domain_id = @domain)",
            "DELETE FROM identity_credentials WHERE project_id IN (SELECT id FROM identity_projects WHERE domain_id = @domain)",
            "DELETE FROM identity_project_endpoints WHERE project_id IN (SELECT id FROM identity_projects WHERE domain_id = @domain)",
            "DELETE FROM identity_project_endpoint_groups WHERE project_id IN (SELECT id FROM identity_projects WHERE domain_id = @domain)",
            "DELETE FROM identity_limits WHERE project_id IN (SELECT id FROM identity_projects WHERE domain_id = @domain)",
            "DELETE FROM identity_federated_groups WHERE user_id IN (SELECT id FROM identity_users WHERE domain_id = @domain) "
                + "OR group_id IN (SELECT id FROM identity_groups WHERE domain_id = @domain)",
            "DELETE FROM identity_federated_users WHERE user_id IN (SELECT id FROM identity_users WHERE domain_id = @domain)",
            "DELETE FROM identity_login_states WHERE user_id IN (SELECT id FROM identity_users WHERE domain_id = @domain)",
            "DELETE FROM identity_password_history WHERE user_id IN (SELECT id FROM identity_users WHERE domain_id = @domain)",
            "DELETE FROM identity_access_tokens WHERE user_id IN (SELECT id FROM identity_users WHERE domain_id = @domain)",
            "DELETE FROM identity_request_tokens WHERE user_id IN (SELECT id FROM identity_users WHERE domain_id = @domain)",
            // Of people whom the domain's directory no longer has, too.
            "DELETE FROM identity_assignments WHERE actor_id IN (SELECT public_id FROM identity_directory_ids WHERE domain_id = @domain)",
            "DELETE FROM identity_application_credentials WHERE user_id IN (SELECT public_id FROM identity_directory_ids WHERE domain_id = @domain)",
            "DELETE FROM identity_access_rules WHERE user_id IN (SELECT public_id FROM identity_directory_ids WHERE domain_id = @domain)",
            "DELETE FROM identity_credentials WHERE user_id IN (SELECT public_id FROM identity_directory_ids WHERE domain_id = @domain)",
            "DELETE FROM identity_directory_ids WHERE domain_id = @domain",
            "DELETE FROM identity_users WHERE domain_id = @domain",
            "DELETE FROM identity_groups WHERE domain_id = @domain",
            "DELETE FROM identity_roles WHERE domain_id = @domain",
            "DELETE FROM identity_provider_remote_ids WHERE provider_id IN (SELECT id FROM identity_providers WHERE domain_id = @domain)",
            "DELETE FROM identity_federation_protocols WHERE provider_id IN (SELECT id FROM identity_providers WHERE domain_id = @domain)",
            "DELETE FROM identity_providers WHERE domain_id = @domain",
            "DELETE FROM identity_projects WHERE domain_id = @domain",
        ];
        foreach (var statement in statements)
            await tx.ExecuteAsync(statement, ct, ("domain", domainId));
    }

    private static Task<List<Project>> ListTreeAsync(Session tx, string tree, string root, CancellationToken ct) => tx.ListAsync(
        $"{tree} {ProjectJson.Projects.Select} JOIN tree ON tree.id = p.id ORDER BY tree.depth, p.id", ProjectJson.Projects.Map, ct, ("root", root));

    private static Parameter[] Bind(Project project) =>
    [
        ("id", project.Id), ("domain", project.DomainId ?? ""), ("parent", project.ParentId), ("isDomain", project.IsDomain), ("name", project.Name),
        ("description", project.Description), ("enabled", project.Enabled), ("tags", project.Tags), ("options", project.Options), ("extra", project.Extra),
    ];
}
