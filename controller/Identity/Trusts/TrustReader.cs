using Appliance.Controller.Data;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Trusts;

/// <summary>Works out what a trust gives. Source: keystone/models/token_model.py, _get_trust_roles and _validate_token_user.</summary>
internal static class TrustReader
{
    /// <param name="userId">Whose tokens the trust gives: trustor or trustee, as it says itself.</param>
    /// <returns>Null: there is no such trust, or its tokens are somebody else's. Not usable when one of its people is disabled, or when who
    /// first gave it has lost one of its roles.</returns>
    public static async Task<AccessGrant?> ReadAsync(Session tx, string trustId, string userId, CancellationToken ct)
    {
        if (await TrustStore.ListChainAsync(tx, trustId, ct) is not [var trust, ..] chain)
            return null;
        if (userId != (trust.IsImpersonating ? trust.TrustorId : trust.TrusteeId))
            return null;

        var scope = trust.ProjectId is { } projectId ? TokenScope.Project(projectId) : TokenScope.Unscoped;
        if (await ReadUserAsync(tx, chain, userId, ct) is not { } user || await AccessReader.ReadAsync(tx, userId, scope, ct) is not { } own)
            return null;
        return own with
        {
            User = user,
            Roles = scope.Kind == ScopeKind.Unscoped ? [] : await ListRolesAsync(tx, trust, chain[^1].TrustorId, ct),
            Delegation = new TrustAccess(trust.Id, trust.TrustorId, trust.TrusteeId, trust.IsImpersonating),
        };
    }

    // All of its roles and what they imply, or none.
    private static async Task<IReadOnlyList<NamedRef>> ListRolesAsync(Session tx, Trust trust, string firstTrustorId, CancellationToken ct)
    {
        var graph = await RoleGraph.ReadAsync(tx, ct);
        var held = await AccessReader.ListRoleIdsAsync(tx, firstTrustorId, trust.ProjectId!, graph, ct);
        return trust.RoleIds.All(held.Contains) && graph.Expand(trust.RoleIds).All(role => held.Contains(role.Id)) ? graph.Effective(trust.RoleIds) : [];
    }

    // Enabled while everybody in the chain is, and its tokens are void from when those of any became so.
    private static async Task<UserRef?> ReadUserAsync(Session tx, IReadOnlyList<Trust> chain, string userId, CancellationToken ct)
    {
        UserRef? user = null;
        var (isEnabled, validFrom) = (true, DateTimeOffset.MinValue);
        foreach (var id in chain.SelectMany(static trust => new[] { trust.TrustorId, trust.TrusteeId }).Distinct())
        {
            if (await AccessReader.FindUserAsync(tx, id, ct) is not { } person)
                return null;
            isEnabled &= person.Enabled;
            validFrom = person.TokensValidFrom > validFrom ? person.TokensValidFrom : validFrom;
            if (id == userId)
                user = person;
        }

        return user! with { Enabled = isEnabled, TokensValidFrom = validFrom };
    }
}
