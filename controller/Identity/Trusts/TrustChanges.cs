using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.ApplicationCredentials;
using Appliance.Controller.Identity.Collections;
using Appliance.Controller.Identity.Directories;
using Appliance.Controller.Identity.Projects;
using Appliance.Controller.Identity.Users;

namespace Appliance.Controller.Identity.Trusts;

/// <summary>Giving, using and ending trusts. Source: keystone/api/trusts.py, keystone/trust/core.py.</summary>
internal sealed class TrustChanges(IdentityContext context)
{
    /// <summary>Only the trustor itself gives a trust, with roles it has; by a trust it was given, only what that allows.</summary>
    public async Task<Outcome<Trust>> CreateAsync(Caller caller, Actor actor, JsonElement asked, CancellationToken ct)
    {
        var projectId = asked.StringOrNull("project_id") is { Length: > 0 } given ? given : null;
        var roles = asked.Member("roles") is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray().ToArray() : [];
        if (projectId is not null && roles.Length == 0)
            return IdentityFaults.Forbidden("At least one role should be specified");
        if (caller.UserId != asked.StringOrNull("trustor_user_id"))
            return IdentityFaults.Forbidden("The authenticated user should match the trustor");

        var trusteeId = asked.StringOrNull("trustee_user_id")!;
        await context.Directories.EnsureUserAsync(trusteeId, Freshness.Cached, ct);
        return await context.Database.TryWriteAsync<Trust>(async (tx, token) =>
        {
            if (await UserJson.Users.FindAsync(tx, trusteeId, token) is null)
                return IdentityFaults.NotFound("user", trusteeId);
            if ((await ReadChainAsync(tx, caller, asked, token)).Failed(out var cannot, out var chain))
                return cannot;
            var firstTrustor = chain is [.., var first] ? first.TrustorId : caller.UserId;
            if ((await ReadRolesAsync(tx, firstTrustor, projectId, roles, token)).Failed(out var missing, out var roleIds))
                return missing;
            if (ExpiryTimes.Read(asked.StringOrNull("expires_at"), context.Clock.GetUtcNow()).Failed(out var badTime, out var expires))
                return badTime;
            var trust = new Trust(
                Ids.New(), caller.UserId, trusteeId, projectId, asked.GetProperty("impersonation").GetBoolean(), expires.At,
                (int?)asked.Int64OrNull("remaining_uses"), null, 0, roleIds, Extra.Merge(Extra.None, asked, TrustJson.Known));
            if (TrustRules.Complete(trust, asked, chain, context.Options.Identity.Trust.MaxRedelegationCount).Failed(out var tooFar, out var complete))
                return tooFar;
            if (await TrustStore.ExistsLikeAsync(tx, complete, token))
                return IdentityFaults.Conflict("trust", "Duplicate entry");
            await TrustStore.InsertAsync(tx, complete, token);
            await context.Database.LogAsync(tx, actor, "trust", complete.Id, "create", token);
            return complete;
        }, ct);
    }

    public Task<Fault?> DeleteAsync(Actor actor, string id, CancellationToken ct) => context.Database.TryWriteAsync(async (tx, token) =>
    {
        if (await TrustJson.Trusts.FindAsync(tx, id, token) is null)
            return IdentityFaults.NotFound("trust", id);
        await TrustStore.DeleteAsync(tx, id, token);
        await context.Database.LogAsync(tx, actor, "trust", id, "delete", token);
        return null;
    }, ct);

    // Only the trust the caller acts by counts: a body that names another would borrow the roles of strangers.
    private static async Task<Outcome<IReadOnlyList<Trust>>> ReadChainAsync(Session tx, Caller caller, JsonElement asked, CancellationToken ct)
    {
        var named = asked.StringOrNull("redelegated_trust_id");
        switch (caller.Delegation)
        {
            case null:
                return named is null ? Outcome.Of<IReadOnlyList<Trust>>([]) : IdentityFaults.Forbidden("Redelegation allowed for delegated by trust only");
            case TrustAccess by when named is null || named == by.Id:
                return Outcome.Of(await TrustStore.ListChainAsync(tx, by.Id, ct));
            default:
                return IdentityFaults.Forbidden("Redelegation allowed for delegated by trust only");
        }
    }

    private static async Task<Outcome<string[]>> ReadRolesAsync(
        Session tx, string trustorId, string? projectId, JsonElement[] asked, CancellationToken ct)
    {
        var graph = await RoleGraph.ReadAsync(tx, ct);
        if (projectId is not null && await ProjectJson.Projects.FindAsync(tx, projectId, ct) is null)
            return IdentityFaults.NotFound("project", projectId);
        var held = projectId is null ? [] : await AccessReader.ListRoleIdsAsync(tx, trustorId, projectId, graph, ct);
        var ids = new List<string>();
        foreach (var role in asked)
        {
            if (graph.FindAsked(role).Failed(out var unknown, out var found))
                return unknown;
            if (!held.Contains(found.Id))
                return IdentityFaults.NotFound("role", found.Id);
            ids.Add(found.Id);
        }

        return ids.Distinct().ToArray();
    }
}
