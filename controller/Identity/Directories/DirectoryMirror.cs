using System.Security.Cryptography;
using System.Text;
using Appliance.Controller.Data;
using Appliance.Controller.Identity.Groups;
using Appliance.Controller.Identity.Users;

namespace Appliance.Controller.Identity.Directories;

/// <summary>What a public id of a directory's user or group stands for.</summary>
/// <param name="Kind"><c>user</c> or <c>group</c>.</param>
internal sealed record DirectoryId(string PublicId, string DomainId, string Kind, string LocalId);

/// <summary>
/// Rows that show what directories said last, so that roles, tokens, trusts and credentials treat everybody alike. A row is there while its
/// entry is; what was given to it (roles, credentials) stays, as in Keystone, and counts again when the entry comes back, since the public id
/// is made of domain, kind and local id. Source: keystone/identity/mapping_backends, id_generators/sha256.py, shadow_backends.
/// </summary>
internal static class DirectoryMirror
{
    /// <summary>
    /// A mirrored row's <c>mirrored</c> is its own id and others' is empty: names are unique among our own, and a directory's are its affair.
    /// </summary>
    public const string Tables =
        """
        CREATE TABLE identity_directory_ids (
            public_id TEXT PRIMARY KEY, domain_id TEXT NOT NULL, kind TEXT NOT NULL, local_id TEXT NOT NULL, UNIQUE (domain_id, kind, local_id));
        CREATE TABLE identity_users_new (
            id TEXT PRIMARY KEY, domain_id TEXT NOT NULL, name TEXT NOT NULL, enabled BIGINT NOT NULL, default_project_id TEXT,
            options TEXT NOT NULL, extra TEXT NOT NULL, password_hash TEXT, password_created_at BIGINT, password_expires_at BIGINT,
            created_at BIGINT NOT NULL, tokens_valid_from BIGINT NOT NULL, password_self_service BIGINT NOT NULL DEFAULT 0,
            mirrored TEXT NOT NULL DEFAULT '', UNIQUE (domain_id, name, mirrored));
        INSERT INTO identity_users_new (id, domain_id, name, enabled, default_project_id, options, extra, password_hash, password_created_at,
                password_expires_at, created_at, tokens_valid_from, password_self_service)
            SELECT id, domain_id, name, enabled, default_project_id, options, extra, password_hash, password_created_at,
                password_expires_at, created_at, tokens_valid_from, password_self_service FROM identity_users;
        DROP TABLE identity_users;
        ALTER TABLE identity_users_new RENAME TO identity_users;
        CREATE TABLE identity_groups_new (
            id TEXT PRIMARY KEY, domain_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, extra TEXT NOT NULL,
            mirrored TEXT NOT NULL DEFAULT '', UNIQUE (domain_id, name, mirrored));
        INSERT INTO identity_groups_new (id, domain_id, name, description, extra) SELECT id, domain_id, name, description, extra FROM identity_groups;
        DROP TABLE identity_groups;
        ALTER TABLE identity_groups_new RENAME TO identity_groups;
        """;

    private const int IdLength = 64;

    /// <summary>Whether it has the form of a public id: no other id of a user or group has.</summary>
    public static bool IsPublicId(string id) => id.Length == IdLength;

    /// <summary>As Keystone makes it, so that ids stay when a cloud moves.</summary>
    public static string PublicId(string domainId, string kind, string localId) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(domainId + kind + localId)));

    public static Task<DirectoryId?> FindIdAsync(Session tx, string publicId, CancellationToken ct) => tx.FindAsync(
        "SELECT public_id, domain_id, kind, local_id FROM identity_directory_ids WHERE public_id = @id",
        static row => new DirectoryId(row.String(0), row.String(1), row.String(2), row.String(3)), ct, ("id", publicId));

    /// <summary>What differs from the rows; nothing is written when nothing does.</summary>
    public static async Task<List<User>> ListChangedAsync(Session tx, IReadOnlyList<User> users, CancellationToken ct)
    {
        var changed = new List<User>();
        foreach (var user in users)
        {
            if (await UserJson.Users.FindAsync(tx, user.Id, ct) != user)
                changed.Add(user);
        }

        return changed;
    }

    /// <inheritdoc cref="ListChangedAsync(Session, IReadOnlyList{User}, CancellationToken)"/>
    public static async Task<List<Group>> ListChangedAsync(Session tx, IReadOnlyList<Group> groups, CancellationToken ct)
    {
        var changed = new List<Group>();
        foreach (var group in groups)
        {
            if (await GroupJson.Groups.FindAsync(tx, group.Id, ct) != group)
                changed.Add(group);
        }

        return changed;
    }

    /// <summary>Whoever is new here, or was disabled, has no older tokens that hold.</summary>
    public static async Task SaveAsync(Session tx, User user, string localId, DateTimeOffset now, CancellationToken ct)
    {
        await SaveIdAsync(tx, user.Id, user.DomainId, "user", localId, ct);
        await tx.ExecuteAsync(
            """
            INSERT INTO identity_users (id, domain_id, name, enabled, default_project_id, options, extra, created_at, tokens_valid_from, mirrored)
            VALUES (@id, @domain, @name, @enabled, @project, '{}', @extra, @now, @now, @id)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, enabled = excluded.enabled, default_project_id = excluded.default_project_id,
                extra = excluded.extra,
                tokens_valid_from = CASE WHEN excluded.enabled < identity_users.enabled THEN @now ELSE identity_users.tokens_valid_from END
            """, ct, ("id", user.Id), ("domain", user.DomainId), ("name", user.Name), ("enabled", user.Enabled),
            ("project", user.DefaultProjectId), ("extra", user.Extra), ("now", now));
    }

    public static async Task SaveAsync(Session tx, Group group, string localId, CancellationToken ct)
    {
        await SaveIdAsync(tx, group.Id, group.DomainId, "group", localId, ct);
        await tx.ExecuteAsync(
            """
            INSERT INTO identity_groups (id, domain_id, name, description, extra, mirrored) VALUES (@id, @domain, @name, @description, @extra, @id)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, description = excluded.description, extra = excluded.extra
            """, ct, ("id", group.Id), ("domain", group.DomainId), ("name", group.Name), ("description", group.Description), ("extra", group.Extra));
    }

    public static Task<List<string>> ListGroupIdsAsync(Session tx, string userId, CancellationToken ct) => tx.ListAsync(
        "SELECT group_id FROM identity_memberships WHERE user_id = @id", static row => row.String(0), ct, ("id", userId));

    public static Task<List<string>> ListMemberIdsAsync(Session tx, string groupId, CancellationToken ct) => tx.ListAsync(
        "SELECT user_id FROM identity_memberships WHERE group_id = @id", static row => row.String(0), ct, ("id", groupId));

    /// <summary>The user is in these groups and in no others.</summary>
    public static Task SetGroupsAsync(Session tx, string userId, IEnumerable<string> groupIds, CancellationToken ct) =>
        SetMembershipsAsync(tx, "DELETE FROM identity_memberships WHERE user_id = @id", userId, groupIds.Select(group => (group, userId)), ct);

    /// <summary>The group has these members and no others.</summary>
    public static Task SetMembersAsync(Session tx, string groupId, IEnumerable<string> userIds, CancellationToken ct) =>
        SetMembershipsAsync(tx, "DELETE FROM identity_memberships WHERE group_id = @id", groupId, userIds.Select(user => (groupId, user)), ct);

    /// <summary>Its entry is gone: what reads rows must not find it.</summary>
    public static async Task RemoveAsync(Session tx, string kind, string id, CancellationToken ct)
    {
        var (table, column) = kind == "user" ? ("identity_users", "user_id") : ("identity_groups", "group_id");
        await tx.ExecuteAsync($"DELETE FROM identity_memberships WHERE {column} = @id", ct, ("id", id));
        await tx.ExecuteAsync($"DELETE FROM {table} WHERE id = @id AND mirrored <> ''", ct, ("id", id));
    }

    /// <summary>Directories are off: nobody must be let in by what they said before.</summary>
    public static async Task RemoveAllAsync(Session tx, CancellationToken ct)
    {
        await tx.ExecuteAsync("DELETE FROM identity_memberships WHERE group_id IN (SELECT id FROM identity_groups WHERE mirrored <> '')", ct);
        await tx.ExecuteAsync("DELETE FROM identity_users WHERE mirrored <> ''", ct);
        await tx.ExecuteAsync("DELETE FROM identity_groups WHERE mirrored <> ''", ct);
    }

    private static Task SaveIdAsync(Session tx, string publicId, string domainId, string kind, string localId, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO identity_directory_ids (public_id, domain_id, kind, local_id) VALUES (@id, @domain, @kind, @local) ON CONFLICT DO NOTHING
        """, ct, ("id", publicId), ("domain", domainId), ("kind", kind), ("local", localId));

    private static async Task SetMembershipsAsync(
        Session tx, string delete, string id, IEnumerable<(string Group, string User)> memberships, CancellationToken ct)
    {
        await tx.ExecuteAsync(delete, ct, ("id", id));
        foreach (var (group, user) in memberships)
            await tx.ExecuteAsync("INSERT INTO identity_memberships (group_id, user_id) VALUES (@group, @user) ON CONFLICT DO NOTHING",
                ct, ("group", group), ("user", user));
    }
}
