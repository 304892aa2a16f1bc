using Appliance.Controller.Data;
using Appliance.Controller.Identity.ApplicationCredentials;
using Appliance.Controller.Identity.Directories;

namespace Appliance.Controller.Identity.Auth;

/// <summary>What a login needs of a user. <see cref="IsEnabled"/> covers its domain too.</summary>
internal sealed record LoginUser(
    string Id, bool IsEnabled, string? PasswordHash, DateTimeOffset? PasswordExpiresAt, string? DefaultProjectId, DateTimeOffset CreatedAt,
    LoginOptions Options, string DomainId, bool IsMirrored);

/// <summary>Finds users, projects and domains as they are named in a login; from memory when nothing changed since the last time.</summary>
internal sealed class LoginReader(IdentityDatabase database, DomainDirectories directories)
{
    private const string UserColumns =
        "u.id, u.enabled * d.enabled, u.password_hash, u.password_expires_at, u.default_project_id, u.created_at, u.options, " +
        "u.domain_id, u.mirrored FROM identity_users u JOIN identity_projects d ON d.id = u.domain_id AND d.is_domain = 1";

    public ValueTask<LoginUser?> FindUserAsync(NameInDomain user, CancellationToken ct) => FindUserAsync(user, Freshness.Cached, ct);

    /// <param name="freshness">Of what a directory says of the user.</param>
    public ValueTask<LoginUser?> FindUserAsync(NameInDomain user, Freshness freshness, CancellationToken ct) =>
        directories.IsOn ? EnsureAndReadAsync(user, freshness, ct) : ReadUserAsync(user, ct);

    /// <summary>The domain that a name is of; null: there is none.</summary>
    public ValueTask<string?> FindDomainIdOfAsync(NameInDomain named, CancellationToken ct) =>
        FindDomainIdAsync(new NameInDomain(named.DomainId, named.DomainName, null, null), ct);

    private async ValueTask<LoginUser?> EnsureAndReadAsync(NameInDomain user, Freshness freshness, CancellationToken ct)
    {
        if (user.Name is null)
            await directories.EnsureUserAsync(user.Id!, freshness, ct);
        else if (await directories.ResolveAsync(user, await FindDomainIdOfAsync(user, ct), ct) is { } resolved)
            user = resolved;
        else
            return null;
        return await ReadUserAsync(user, ct);
    }

    private ValueTask<LoginUser?> ReadUserAsync(NameInDomain user, CancellationToken ct) => user.Name is { } name
        ? database.Cache.FindAsync(new CacheKey("login-name", name, user.DomainId, user.DomainName), (tx, token) => tx.FindAsync(
            $"SELECT {UserColumns} WHERE u.name = @name AND u.mirrored = '' AND {DomainCondition(user)}", MapUser, token,
            ("name", name), ("domain", user.DomainName ?? user.DomainId)), ct)
        : database.Cache.FindAsync(new CacheKey("login-id", user.Id!), (tx, token) => tx.FindAsync(
            $"SELECT {UserColumns} WHERE u.id = @id", MapUser, token, ("id", user.Id)), ct);

    /// <summary>The project's id; null when there is none of that name. Whether it is enabled shows in the grant.</summary>
    public ValueTask<string?> FindProjectIdAsync(NameInDomain project, CancellationToken ct) => project.Name is { } name
        ? database.Cache.FindAsync(new CacheKey("project-name", name, project.DomainId, project.DomainName), (tx, token) => tx.FindAsync(
            "SELECT p.id FROM identity_projects p JOIN identity_projects d ON d.id = p.domain_id AND d.is_domain = 1 " +
            $"WHERE p.is_domain = 0 AND p.name = @name AND {DomainCondition(project)}", static row => row.String(0), token,
            ("name", name), ("domain", project.DomainName ?? project.DomainId)), ct)
        : new(project.Id);

    public ValueTask<string?> FindDomainIdAsync(NameInDomain domain, CancellationToken ct) => domain.Name is { Length: > 0 } name
        ? database.Cache.FindAsync(new CacheKey("domain-name", name), (tx, token) => tx.FindAsync(
            "SELECT id FROM identity_projects WHERE is_domain = 1 AND name = @name", static row => row.String(0), token, ("name", name)), ct)
        : new(domain.Id);

    /// <summary>An application credential by id, or by its name and user.</summary>
    public ValueTask<ApplicationCredential?> FindCredentialAsync(string? id, string? name, string? userId, CancellationToken ct) => id is { Length: > 0 }
        ? database.Cache.FindAsync(new CacheKey("credential-id", id), (tx, token) => ApplicationCredentialJson.Credentials.FindAsync(tx, id, token), ct)
        : database.Cache.FindAsync(new CacheKey("credential-name", name ?? "", userId), (tx, token) => tx.FindAsync(
            $"{ApplicationCredentialJson.Credentials.Select} WHERE c.name = @name AND c.user_id = @user", ApplicationCredentialJson.Credentials.Map, token,
            ("name", name), ("user", userId)), ct);

    private static string DomainCondition(NameInDomain named) => named.DomainName is { Length: > 0 } ? "d.name = @domain" : "d.id = @domain";

    private static LoginUser? MapUser(Row row) =>
        new(row.String(0), row.Bool(1), row.NullableString(2), row.NullableInstant(3), row.NullableString(4), row.Instant(5),
            LoginOptions.Parse(row.String(6)), row.String(7), row.String(8).Length > 0);
}
