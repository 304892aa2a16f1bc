using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Projects;

namespace Appliance.Controller.Identity.Roles;

/// <summary>Making, changing and deleting roles and what they imply. Source: keystone/assignment/core.py, RoleManager.</summary>
internal sealed class RoleChanges(IdentityContext context)
{
    public Task<Outcome<Role>> CreateAsync(Actor actor, JsonElement body, CancellationToken ct) => context.Database.TryWriteAsync<Role>(async (tx, token) =>
    {
        var role = Apply(new Role(Ids.New(), body.StringOrNull("domain_id"), "", null, Extra.None, Extra.None), body);
        if (role.DomainId is { } domainId && await ProjectJson.Domains.FindAsync(tx, domainId, token) is not { IsDomain: true })
            return IdentityFaults.NotFound("domain", domainId);
        var inserted = await tx.ExecuteAsync(
            """
            INSERT INTO identity_roles (id, domain_id, name, description, options, extra)
            VALUES (@id, @domain, @name, @description, @options, @extra) ON CONFLICT DO NOTHING
            """, token, Bind(role));
        if (inserted == 0)
            return NameTaken(role);
        await context.Database.LogAsync(tx, actor, "role", role.Id, "create", token);
        return role;
    }, ct);

    public Task<Outcome<Role>> UpdateAsync(Actor actor, string id, JsonElement body, CancellationToken ct) =>
        context.Database.TryWriteAsync<Role>(async (tx, token) =>
        {
            if (await RoleJson.Roles.FindAsync(tx, id, token) is not { } role)
                return IdentityFaults.NotFound("role", id);
            if (ResourceOptions.CheckUpdate(role.Options, body, "role", id) is { } immutable)
                return immutable;
            if (body.Has("domain_id") && body.StringOrNull("domain_id") != role.DomainId)
                return IdentityFaults.Invalid("Update of `domain_id` is not allowed.");
            var updated = Apply(role, body);
            if (await tx.CountAsync("SELECT COUNT(*) FROM identity_roles WHERE domain_id = @domain AND name = @name AND id <> @id", token,
                ("domain", updated.DomainId ?? ""), ("name", updated.Name), ("id", id)) > 0)
                return NameTaken(updated);
            await tx.ExecuteAsync(
                """
                UPDATE identity_roles SET domain_id = @domain, name = @name, description = @description, options = @options, extra = @extra
                WHERE id = @id
                """, token, Bind(updated));
            await context.Database.LogAsync(tx, actor, "role", id, "update", token);
            return updated;
        }, ct);

    public Task<Fault?> DeleteAsync(Actor actor, string id, CancellationToken ct) => context.Database.TryWriteAsync(async (tx, token) =>
    {
        if (await RoleJson.Roles.FindAsync(tx, id, token) is not { } role)
            return IdentityFaults.NotFound("role", id);
        if (ResourceOptions.CheckDelete(role.Options, "role", id) is { } immutable)
            return immutable;
        await tx.ExecuteAsync("DELETE FROM identity_assignments WHERE role_id = @id", token, ("id", id));
        await tx.ExecuteAsync("DELETE FROM identity_implied_roles WHERE prior_id = @id OR implied_id = @id", token, ("id", id));
        await tx.ExecuteAsync("DELETE FROM identity_roles WHERE id = @id", token, ("id", id));
        await context.Database.LogAsync(tx, actor, "role", id, "delete", token);
        return null;
    }, ct);

    /// <summary>Repeating it is a conflict, as in Keystone.</summary>
    public Task<Fault?> ImplyAsync(Actor actor, string priorId, string impliedId, CancellationToken ct) => context.Database.TryWriteAsync(async (tx, token) =>
    {
        if ((await FindPairAsync(tx, priorId, impliedId, token)).Failed(out var missing, out var pair))
            return missing;
        // admin is the one role that must not come as a side effect of another ([assignment] prohibited_implied_role).
        if (pair.Implied.Name == "admin")
            return new Fault(FaultKind.Forbidden, $"{impliedId} cannot be an implied roles.");
        if (pair.Prior.DomainId is null && pair.Implied.DomainId is not null)
            return new Fault(FaultKind.Forbidden, $"{impliedId} cannot be an implied roles.", "a global role cannot imply a domain's role");
        if (await tx.ExecuteAsync("INSERT INTO identity_implied_roles (prior_id, implied_id) VALUES (@prior, @implied) ON CONFLICT DO NOTHING",
            token, ("prior", priorId), ("implied", impliedId)) == 0)
            return IdentityFaults.Conflict("implied_role", "Duplicate entry");
        await context.Database.LogAsync(tx, actor, "role", priorId, "imply", token, $$"""{"implied_role_id":"{{impliedId}}"}""");
        return null;
    }, ct);

    public Task<Fault?> StopImplyingAsync(Actor actor, string priorId, string impliedId, CancellationToken ct) =>
        context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await CheckImpliesAsync(tx, priorId, impliedId, token) is { } missing)
                return missing;
            await tx.ExecuteAsync("DELETE FROM identity_implied_roles WHERE prior_id = @prior AND implied_id = @implied",
                token, ("prior", priorId), ("implied", impliedId));
            await context.Database.LogAsync(tx, actor, "role", priorId, "stop_implying", token, $$"""{"implied_role_id":"{{impliedId}}"}""");
            return null;
        }, ct);

    public static async Task<Fault?> CheckImpliesAsync(Session tx, string priorId, string impliedId, CancellationToken ct)
    {
        if ((await FindPairAsync(tx, priorId, impliedId, ct)).Failed(out var missing, out _))
            return missing;
        return await tx.CountAsync("SELECT COUNT(*) FROM identity_implied_roles WHERE prior_id = @prior AND implied_id = @implied",
            ct, ("prior", priorId), ("implied", impliedId)) > 0
            ? null
            : new Fault(FaultKind.NotFound, $"{priorId} does not imply {impliedId}.");
    }

    private static async Task<Outcome<(Role Prior, Role Implied)>> FindPairAsync(Session tx, string priorId, string impliedId, CancellationToken ct)
    {
        if (await RoleJson.Roles.FindAsync(tx, priorId, ct) is not { } prior)
            return IdentityFaults.NotFound("role", priorId);
        return await RoleJson.Roles.FindAsync(tx, impliedId, ct) is { } implied ? (prior, implied) : IdentityFaults.NotFound("role", impliedId);
    }

    private static Role Apply(Role role, JsonElement body) => role with
    {
        Name = body.Text("name", role.Name)!,
        Description = body.Text("description", role.Description),
        Options = ResourceOptions.Merge(role.Options, body),
        Extra = Extra.Merge(role.Extra, body, RoleJson.Known),
    };

    private static Fault NameTaken(Role role) => IdentityFaults.Conflict("role", role.DomainId is null
        ? $"Duplicate entry found with name {role.Name}"
        : $"Duplicate entry found with name {role.Name} at domain ID {role.DomainId}");

    private static Parameter[] Bind(Role role) =>
    [
        ("id", role.Id), ("domain", role.DomainId ?? ""), ("name", role.Name), ("description", role.Description), ("options", role.Options),
        ("extra", role.Extra),
    ];
}
