using Appliance.Controller.Data;
using Appliance.Controller.Identity.Federation.Logins;
using Appliance.Controller.Identity.OAuth1;
using Appliance.Controller.Identity.Trusts;

namespace Appliance.Controller.Identity.Users;

/// <summary>Rows of users.</summary>
internal static class UserStore
{
    /// <summary>False: the name is taken in the domain.</summary>
    public static async Task<bool> TryInsertAsync(Session tx, User user, DateTimeOffset now, CancellationToken ct) => await tx.ExecuteAsync(
        """
        INSERT INTO identity_users (id, domain_id, name, enabled, default_project_id, options, extra, password_hash, password_created_at,
            password_expires_at, created_at, tokens_valid_from)
        VALUES (@id, @domain, @name, @enabled, @project, @options, @extra, @hash, @now, @expires, @now, 0) ON CONFLICT DO NOTHING
        """, ct, [.. Bind(user), ("now", now)]) == 1;

    /// <summary>Everything but the password. False: the name is taken in the domain.</summary>
    public static async Task<bool> TryUpdateAsync(Session tx, User user, CancellationToken ct)
    {
        var taken = await tx.CountAsync("SELECT COUNT(*) FROM identity_users WHERE domain_id = @domain AND name = @name AND mirrored = '' AND id <> @id", ct,
            ("domain", user.DomainId), ("name", user.Name), ("id", user.Id));
        return taken == 0 && await tx.ExecuteAsync(
            """
            UPDATE identity_users SET name = @name, enabled = @enabled, default_project_id = @project, options = @options, extra = @extra WHERE id = @id
            """, ct, ("id", user.Id), ("name", user.Name), ("enabled", user.Enabled), ("project", user.DefaultProjectId),
            ("options", user.Options), ("extra", user.Extra)) == 1;
    }

    /// <summary>A new password, or none; the user's tokens become void.</summary>
    /// <param name="isOwn">The user chose it itself.</param>
    public static Task SetPasswordAsync(
        Session tx, string id, string? hash, DateTimeOffset now, DateTimeOffset? expiresAt, bool isOwn, CancellationToken ct) => tx.ExecuteAsync(
        """
        UPDATE identity_users SET password_hash = @hash, password_created_at = @now, password_expires_at = @expires, password_self_service = @own,
            tokens_valid_from = @now WHERE id = @id
        """, ct, ("id", id), ("hash", hash), ("now", now), ("expires", expiresAt), ("own", isOwn));

    public static Task VoidTokensAsync(Session tx, string id, DateTimeOffset now, CancellationToken ct) =>
        tx.ExecuteAsync("UPDATE identity_users SET tokens_valid_from = @now WHERE id = @id", ct, ("id", id), ("now", now));

    public static async Task DeleteAsync(Session tx, string id, CancellationToken ct)
    {
        await tx.ExecuteAsync("DELETE FROM identity_assignments WHERE actor_kind = 'user' AND actor_id = @id", ct, ("id", id));
        await tx.ExecuteAsync("DELETE FROM identity_memberships WHERE user_id = @id", ct, ("id", id));
        await tx.ExecuteAsync("DELETE FROM identity_application_credentials WHERE user_id = @id", ct, ("id", id));
        await tx.ExecuteAsync("DELETE FROM identity_access_rules WHERE user_id = @id", ct, ("id", id));
        await tx.ExecuteAsync("DELETE FROM identity_credentials WHERE user_id = @id", ct, ("id", id));
        await tx.ExecuteAsync("DELETE FROM identity_login_states WHERE user_id = @id", ct, ("id", id));
        await tx.ExecuteAsync("DELETE FROM identity_password_history WHERE user_id = @id", ct, ("id", id));
        await TrustStore.DeleteOfUserAsync(tx, id, ct);
        await OAuthStore.DeleteOfUserAsync(tx, id, ct);
        await FederatedUserStore.DeleteOfUserAsync(tx, id, ct);
        await tx.ExecuteAsync("DELETE FROM identity_users WHERE id = @id", ct, ("id", id));
    }

    private static Parameter[] Bind(User user) =>
    [
        ("id", user.Id), ("domain", user.DomainId), ("name", user.Name), ("enabled", user.Enabled), ("project", user.DefaultProjectId),
        ("options", user.Options), ("extra", user.Extra), ("hash", user.PasswordHash), ("expires", user.PasswordExpiresAt),
    ];
}
