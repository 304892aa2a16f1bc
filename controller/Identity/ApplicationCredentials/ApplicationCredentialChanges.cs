using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Passwords;

namespace Appliance.Controller.Identity.ApplicationCredentials;

/// <summary>A credential just made, with the secret that is shown this once.</summary>
internal sealed record NewApplicationCredential(ApplicationCredential Credential, string Secret);

/// <summary>Making and deleting application credentials. Source: keystone/application_credential/core.py, keystone/api/users.py.</summary>
internal sealed class ApplicationCredentialChanges(IdentityContext context)
{
    private const int SecretBytes = 64;

    public async Task<Outcome<NewApplicationCredential>> CreateAsync(Caller caller, Actor actor, JsonElement body, CancellationToken ct)
    {
        if (ExpiryTimes.Read(body.StringOrNull("expires_at"), context.Clock.GetUtcNow()).Failed(out var badTime, out var expires))
            return badTime;
        var secret = body.StringOrNull("secret") is { Length: > 0 } given ? given : Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        var hash = await PasswordHasher.HashAsync(secret, ct);
        return (await context.Database.TryWriteAsync<ApplicationCredential>(async (tx, token) =>
        {
            if ((await ReadRolesAsync(tx, caller, body, token)).Failed(out var badRole, out var roles))
                return badRole;
            if ((await ReadRulesAsync(tx, caller.UserId, body, token)).Failed(out var badRule, out var rules))
                return badRule;
            var credential = new ApplicationCredential(
                Ids.New(), caller.UserId, caller.ProjectId!, body.StringOrNull("name")!, body.StringOrNull("description"), hash, roles,
                body.Has("access_rules") ? rules : null, body.BoolOrNull("unrestricted") ?? false, expires.At);
            if (!await TryInsertAsync(tx, credential, token))
                return IdentityFaults.Conflict("application_credential", $"Duplicate entry found with name {credential.Name}");
            await context.Database.LogAsync(tx, actor, "application_credential", credential.Id, "create", token);
            return credential;
        }, ct)).Failed(out var fault, out var created) ? fault : new NewApplicationCredential(created, secret);
    }

    /// <summary>Its tokens become void.</summary>
    public Task<Fault?> DeleteAsync(Actor actor, string id, CancellationToken ct) => context.Database.TryWriteAsync(async (tx, token) =>
    {
        if (await tx.ExecuteAsync("DELETE FROM identity_application_credentials WHERE id = @id", token, ("id", id)) == 0)
            return NotFound(id);
        await context.Database.LogAsync(tx, actor, "application_credential", id, "delete", token);
        return (Fault?)null;
    }, ct);

    public Task<Fault?> DeleteRuleAsync(Actor actor, string userId, string id, CancellationToken ct) => context.Database.TryWriteAsync(async (tx, token) =>
    {
        if (await AccessRuleStore.FindIdAsync(tx, userId, id, token) is null)
            return new Fault(FaultKind.NotFound, $"Could not find Access Rule: {id}.");
        if (await AccessRuleStore.IsUsedAsync(tx, userId, id, token))
            return IdentityFaults.Forbidden("May not delete access rule in use.");
        await tx.ExecuteAsync("DELETE FROM identity_access_rules WHERE id = @id", token, ("id", id));
        await context.Database.LogAsync(tx, actor, "access_rule", id, "delete", token);
        return null;
    }, ct);

    public static Fault NotFound(string id) => new(FaultKind.NotFound, $"Could not find Application Credential: {id}.");

    // Without roles: all of the token's. With them: they and what they imply, and each must be in the token.
    private static async Task<Outcome<string[]>> ReadRolesAsync(Session tx, Caller caller, JsonElement body, CancellationToken ct)
    {
        var graph = await RoleGraph.ReadAsync(tx, ct);
        var own = caller.Roles.Select(name => graph.FindGlobal(name)?.Id).OfType<string>().ToHashSet(StringComparer.Ordinal);
        if (body.Member("roles") is not { ValueKind: JsonValueKind.Array } asked || asked.GetArrayLength() == 0)
            return own.ToArray();

        var ids = new List<string>();
        foreach (var role in asked.EnumerateArray())
        {
            var found = role.StringOrNull("id") is { Length: > 0 } id ? graph.Find(id) : graph.FindGlobal(role.StringOrNull("name") ?? "");
            if (found is null)
                return IdentityFaults.NotFound("role", role.StringOrNull("id") ?? role.StringOrNull("name") ?? "");
            ids.Add(found.Id);
        }

        var expanded = graph.Expand(ids).Select(static role => role.Id).ToArray();
        return expanded.All(own.Contains)
            ? expanded
            : IdentityFaults.Invalid("Invalid application credential: Cannot create an application credential with unassigned role");
    }

    private static async Task<Outcome<string[]>> ReadRulesAsync(Session tx, string userId, JsonElement body, CancellationToken ct)
    {
        if (body.Member("access_rules") is not { ValueKind: JsonValueKind.Array } rules)
            return Array.Empty<string>();
        var ids = new List<string>();
        foreach (var rule in rules.EnumerateArray())
        {
            var (service, path, method) = (rule.StringOrNull("service"), rule.StringOrNull("path"), rule.StringOrNull("method"));
            if (rule.StringOrNull("id") is { } id)
            {
                if (await AccessRuleStore.FindIdAsync(tx, userId, id, ct) is null)
                    return new Fault(FaultKind.NotFound, $"Could not find Access Rule: {id}.");
                ids.Add(id);
            }
            else if (service is null || path is null || method is null)
            {
                return IdentityFaults.Expecting("service, path and method", "access_rules");
            }
            else
            {
                ids.Add(await AccessRuleStore.EnsureAsync(tx, userId, service, path, method, ct));
            }
        }

        return ids.Distinct().ToArray();
    }

    private static async Task<bool> TryInsertAsync(Session tx, ApplicationCredential credential, CancellationToken ct) => await tx.ExecuteAsync(
        """
        INSERT INTO identity_application_credentials
            (id, user_id, project_id, name, description, secret_hash, role_ids, rule_ids, unrestricted, expires_at)
        VALUES (@id, @user, @project, @name, @description, @hash, @roles, @rules, @unrestricted, @expires) ON CONFLICT DO NOTHING
        """, ct, ("id", credential.Id), ("user", credential.UserId), ("project", credential.ProjectId), ("name", credential.Name),
        ("description", credential.Description), ("hash", credential.SecretHash), ("roles", ApplicationCredentialJson.Join(credential.RoleIds)),
        ("rules", credential.RuleIds is { } rules ? ApplicationCredentialJson.Join(rules) : null), ("unrestricted", credential.IsUnrestricted),
        ("expires", credential.ExpiresAt)) == 1;
}
