using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Auth;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Directories;
using Appliance.Controller.Identity.Passwords;
using Appliance.Controller.Identity.Projects;
using Appliance.Controller.Identity.Users.Passwords;

namespace Appliance.Controller.Identity.Users;

/// <summary>Making, changing and deleting users. Source: keystone/identity/core.py.</summary>
internal sealed class UserChanges(IdentityContext context, UserPasswords passwords, LoginReader logins, LoginGuard guard)
{
    private readonly PasswordPolicy _policy = new(context.Options.Identity.SecurityCompliance);

    public async Task<Outcome<User>> CreateAsync(Actor actor, string domainId, JsonElement body, CancellationToken ct)
    {
        if (body.StringOrNull("password") is { } wanted && _policy.CheckStrength(wanted) is { } weak)
            return weak;
        // Hashing takes longer than the whole transaction: outside of it.
        var hash = body.StringOrNull("password") is { } password ? await PasswordHasher.HashAsync(password, ct) : null;
        var user = Apply(new User(Ids.New(), domainId, "", true, null, Extra.None, Extra.None, hash, null), body);
        if (hash is not null)
            user = user with { PasswordExpiresAt = _policy.ExpiryOf(LoginOptions.Parse(user.Options), context.Clock.GetUtcNow(), isOwn: false) };
        var isReadOnly = await context.Directories.FindAsync(domainId, ct) is not null;
        return await context.Database.TryWriteAsync<User>(async (tx, token) =>
        {
            if (await ProjectJson.Domains.FindAsync(tx, domainId, token) is not { IsDomain: true })
                return IdentityFaults.NotFound("domain", domainId);
            if (isReadOnly)
                return IdentityFaults.ReadOnly;
            if (await CheckDefaultProjectAsync(tx, user, token) is { } refused)
                return refused;
            if (!await UserStore.TryInsertAsync(tx, user, context.Clock.GetUtcNow(), token))
                return NameTaken(user);
            if (await FederatedLinkStore.ReplaceAsync(tx, user.Id, user.Links, token) is { } badLink)
                return badLink;
            await context.Database.LogAsync(tx, actor, "user", user.Id, "create", token);
            return user;
        }, ct);
    }

    public async Task<Outcome<User>> UpdateAsync(Actor actor, string id, JsonElement body, CancellationToken ct)
    {
        if (body.StringOrNull("password") is { } wanted && _policy.CheckStrength(wanted) is { } weak)
            return weak;
        var hash = body.StringOrNull("password") is { } password ? await PasswordHasher.HashAsync(password, ct) : null;
        return await context.Database.TryWriteAsync<User>(async (tx, token) =>
        {
            if (await UserJson.Users.FindAsync(tx, id, token) is not { } user)
                return IdentityFaults.NotFound("user", id);
            if (body.Has("domain_id") && body.StringOrNull("domain_id") != user.DomainId)
                return IdentityFaults.Invalid("Cannot change Domain ID");
            if (user.IsMirrored)
                return IdentityFaults.ReadOnly;

            var updated = Apply(user, body);
            if (updated.DefaultProjectId != user.DefaultProjectId && await CheckDefaultProjectAsync(tx, updated, token) is { } refused)
                return refused;
            if (!await UserStore.TryUpdateAsync(tx, updated, token))
                return NameTaken(updated);
            if (updated.Links.Count > 0 && await FederatedLinkStore.ReplaceAsync(tx, id, updated.Links, token) is { } badLink)
                return badLink;

            var now = context.Clock.GetUtcNow();
            if (body.Has("password"))
            {
                await _policy.KeepAsync(tx, id, user.PasswordHash, now, token);
                updated = updated with { PasswordExpiresAt = hash is null ? null : _policy.ExpiryOf(LoginOptions.Parse(updated.Options), now, isOwn: false) };
                await UserStore.SetPasswordAsync(tx, id, hash, now, updated.PasswordExpiresAt, isOwn: false, token);
            }

            if (body.BoolOrNull("enabled") == true)
                await LoginGuard.ResetAsync(tx, id, now, token);
            if (user.Enabled && !updated.Enabled)
                await UserStore.VoidTokensAsync(tx, id, now, token);
            await context.Database.LogAsync(tx, actor, "user", id, "update", token);
            return updated with { Links = await FederatedLinkStore.ListAsync(tx, id, token) };
        }, ct);
    }

    public Task<Fault?> DeleteAsync(Actor actor, string id, CancellationToken ct) => context.Database.TryWriteAsync(async (tx, token) =>
    {
        if (await UserJson.Users.FindAsync(tx, id, token) is not { } user)
            return IdentityFaults.NotFound("user", id);
        if (user.IsMirrored)
            return IdentityFaults.ReadOnly;
        await UserStore.DeleteAsync(tx, id, token);
        await context.Database.LogAsync(tx, actor, "user", id, "delete", token);
        return null;
    }, ct);

    /// <summary>The user changes its own password. Unknown, disabled and mistaken users get the same answer after the same time.</summary>
    public async Task<Fault?> ChangePasswordAsync(Actor actor, string id, string original, string replacement, CancellationToken ct)
    {
        var asked = new NameInDomain(id, null, null, null);
        var user = await logins.FindUserAsync(asked, Freshness.Live, ct);
        var isRight = await passwords.CheckAsync(asked, user, original, ct);
        if (await guard.FindBarAsync(user, ct) is var bar && (bar is not null || user is null))
        {
            await guard.RecordFailureAsync(null, ct);
            return IdentityFaults.Unauthorized(bar);
        }

        if (!isRight)
            await guard.RecordFailureAsync(user, ct);
        if (!isRight || !user.IsEnabled)
            return IdentityFaults.Unauthorized("wrong original password, or a disabled user");
        if (user.IsMirrored)
            return IdentityFaults.ReadOnly;

        var present = await context.Database.ReadAsync((tx, token) => PresentPassword.ReadAsync(tx, id, _policy, token), ct);
        if ((_policy.CheckStrength(replacement) ?? present.CheckMayChange(_policy, context.Clock.GetUtcNow())
            ?? await _policy.CheckUnusedAsync(replacement, present.UsedHashes, ct)) is { } refused)
            return refused;
        var hash = await PasswordHasher.HashAsync(replacement, ct);
        return await context.Database.TryWriteAsync(async (tx, token) =>
        {
            // Still the password that was proven: two changes at once must not both win.
            if (await UserJson.Users.FindAsync(tx, id, token) is not { } current || current.PasswordHash != user.PasswordHash)
                return IdentityFaults.Unauthorized("the password changed meanwhile");
            var now = context.Clock.GetUtcNow();
            await _policy.KeepAsync(tx, id, current.PasswordHash, now, token);
            await UserStore.SetPasswordAsync(tx, id, hash, now, _policy.ExpiryOf(user.Options, now, isOwn: true), isOwn: true, token);
            await context.Database.LogAsync(tx, actor, "user", id, "change_password", token);
            return (Fault?)null;
        }, ct);
    }

    private static User Apply(User user, JsonElement body) => user with
    {
        Name = body.Text("name", user.Name)!.Trim(),
        Enabled = body.Flag("enabled", user.Enabled),
        DefaultProjectId = body.Text("default_project_id", user.DefaultProjectId),
        Options = ResourceOptions.Merge(user.Options, body),
        Extra = Extra.Merge(user.Extra, body, UserJson.Known),
        Links = FederatedLinks.Read(body),
    };

    private static async Task<Fault?> CheckDefaultProjectAsync(Session tx, User user, CancellationToken ct) =>
        user.DefaultProjectId is { } id && await ProjectJson.Projects.FindAsync(tx, id, ct) is { IsDomain: true }
            ? IdentityFaults.Invalid($"User's default project ID cannot be a domain ID: {id}")
            : null;

    private static Fault NameTaken(User user) =>
        IdentityFaults.Conflict("user", $"Duplicate entry found with name {user.Name} at domain ID {user.DomainId}");
}
