using System.Security.Cryptography;
using System.Text;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.Catalog;
using Appliance.Controller.Identity.Passwords;

namespace Appliance.Controller.Identity;

/// <summary>
/// What a new database starts with: domain <c>default</c>, project and user <c>admin</c>, the default roles with their implications, the
/// region, and the catalog of this controller's services. Each part is done once and never redone: what an operator deletes stays deleted.
/// Source of the defaults: keystone/cmd/bootstrap.py.
/// </summary>
internal sealed class Bootstrap(IdentityDatabase database, ControllerOptions options, TimeProvider clock)
{
    public const string DefaultDomainId = "default";

    private static readonly string[] Interfaces = ["public", "internal", "admin"];

    public async Task RunAsync(IEnumerable<CatalogEntry> catalog, CancellationToken ct)
    {
        if (!await database.ReadAsync((tx, token) => IsMarkedAsync(tx, "admin", token), ct))
            await CreateAdministratorAsync(ct);

        await database.WriteAsync(async (tx, token) =>
        {
            foreach (var entry in catalog)
            {
                if (!await IsMarkedAsync(tx, $"service {entry.Type}", token))
                    await CreateServiceAsync(tx, entry, token);
            }
        }, ct);
    }

    private async Task CreateAdministratorAsync(CancellationToken ct)
    {
        // The file first: a password in a committed row that nobody can read would lock everybody out.
        var hash = await PasswordHasher.HashAsync(options.AdminPassword ?? WriteRandomPassword(), ct);
        await database.WriteAsync(async (tx, token) =>
        {
            await InsertProjectAsync(tx, DefaultDomainId, null, "Default", "The default domain", token);
            var project = Ids.New();
            await InsertProjectAsync(tx, project, DefaultDomainId, "admin", "Bootstrap project for initializing the cloud.", token);
            var user = Ids.New();
            await InsertUserAsync(tx, user, hash, token);
            var admin = await InsertRolesAsync(tx, token);
            await InsertAssignmentAsync(tx, user, "project", project, admin, token);
            await InsertAssignmentAsync(tx, user, "system", "system", admin, token);
            await tx.ExecuteAsync("INSERT INTO identity_regions (id, parent_id, description, extra) VALUES (@id, NULL, '', '{}')",
                token, ("id", options.Region));
            await MarkAsync(tx, "admin", token);
        }, ct);
    }

    private static Task InsertProjectAsync(Session tx, string id, string? domainId, string name, string description, CancellationToken ct) =>
        tx.ExecuteAsync(
            """
            INSERT INTO identity_projects (id, domain_id, parent_id, is_domain, name, description, enabled, tags, options, extra, tokens_valid_from)
            VALUES (@id, @domain, @parent, @isDomain, @name, @description, 1, '', '{}', '{}', 0)
            """, ct, ("id", id), ("domain", domainId ?? ""), ("parent", domainId), ("isDomain", domainId is null), ("name", name), ("description", description));

    private Task InsertUserAsync(Session tx, string id, string hash, CancellationToken ct) => tx.ExecuteAsync(
        """
        INSERT INTO identity_users (id, domain_id, name, enabled, options, extra, password_hash, password_created_at, created_at, tokens_valid_from)
        VALUES (@id, @domain, 'admin', 1, '{}', '{}', @hash, @now, @now, 0)
        """, ct, ("id", id), ("domain", DefaultDomainId), ("hash", hash), ("now", clock.GetUtcNow()));

    // admin implies manager implies member implies reader; service stands alone.
    private static async Task<string> InsertRolesAsync(Session tx, CancellationToken ct)
    {
        string[] chain = ["admin", "manager", "member", "reader"];
        var ids = chain.Select(static _ => Ids.New()).ToArray();
        for (var i = 0; i < chain.Length; i++)
        {
            await InsertRoleAsync(tx, ids[i], chain[i], ct);
            if (i > 0)
                await tx.ExecuteAsync("INSERT INTO identity_implied_roles (prior_id, implied_id) VALUES (@prior, @implied)",
                    ct, ("prior", ids[i - 1]), ("implied", ids[i]));
        }

        await InsertRoleAsync(tx, Ids.New(), "service", ct);
        return ids[0];
    }

    private static Task InsertRoleAsync(Session tx, string id, string name, CancellationToken ct) => tx.ExecuteAsync(
        "INSERT INTO identity_roles (id, domain_id, name, options, extra) VALUES (@id, '', @name, '{}', '{}')", ct, ("id", id), ("name", name));

    private static Task InsertAssignmentAsync(Session tx, string user, string targetKind, string target, string role, CancellationToken ct) =>
        tx.ExecuteAsync(
            """
            INSERT INTO identity_assignments (actor_kind, actor_id, target_kind, target_id, role_id, inherited)
            VALUES ('user', @user, @kind, @target, @role, 0)
            """, ct, ("user", user), ("kind", targetKind), ("target", target), ("role", role));

    private async Task CreateServiceAsync(Session tx, CatalogEntry entry, CancellationToken ct)
    {
        var service = Ids.New();
        await tx.ExecuteAsync(
            "INSERT INTO identity_services (id, type, name, enabled, extra) VALUES (@id, @type, @name, 1, '{}')",
            ct, ("id", service), ("type", entry.Type), ("name", entry.Name));
        foreach (var kind in Interfaces)
        {
            await tx.ExecuteAsync(
                """
                INSERT INTO identity_endpoints (id, service_id, region_id, interface, url, enabled, extra)
                VALUES (@id, @service, @region, @interface, @url, 1, '{}')
                """, ct, ("id", Ids.New()), ("service", service), ("region", options.Region), ("interface", kind),
                ("url", EndpointUrl.PublicEndpoint + entry.Path));
        }

        await MarkAsync(tx, $"service {entry.Type}", ct);
    }

    private static async Task<bool> IsMarkedAsync(Session tx, string name, CancellationToken ct) =>
        await tx.CountAsync("SELECT COUNT(*) FROM identity_marks WHERE name = @name", ct, ("name", name)) > 0;

    private static Task MarkAsync(Session tx, string name, CancellationToken ct) =>
        tx.ExecuteAsync("INSERT INTO identity_marks (name) VALUES (@name)", ct, ("name", name));

    private string WriteRandomPassword()
    {
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        using var file = new FileStream(Path.Combine(options.DataFolder, "admin-password"), new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        file.Write(Encoding.ASCII.GetBytes(password + "\n"));
        file.Flush(flushToDisk: true);
        return password;
    }
}
