using Appliance.Controller.Data;
using Appliance.Controller.Identity.ApplicationCredentials;
using Appliance.Controller.Identity.Directories;
using Appliance.Controller.Identity.OAuth1;
using Appliance.Controller.Identity.Tokens;
using Appliance.Controller.Identity.Trusts;

namespace Appliance.Controller.Identity.Access;

/// <summary>
/// What somebody may do by a delegation: what was delegated, as far as who delegated it still has it. Kept in memory like every other access,
/// so a change to anything it rests on works at once.
/// </summary>
internal sealed class DelegatedReader(IdentityDatabase database, DomainDirectories directories, OAuthStore oauth)
{
    /// <summary>Null: the delegation is gone or is not this user's to use. That it has expired is for its tokens to know.</summary>
    public ValueTask<AccessGrant?> FindAsync(TokenDelegation delegation, string userId, CancellationToken ct) =>
        directories.IsOn ? EnsureAndFindAsync(delegation, userId, ct) : FindInRowsAsync(delegation, userId, ct);

    /// <summary>Until when what directories said of everybody that the delegation rests on counts; the maximum: nobody is in a directory.</summary>
    public async ValueTask<DateTimeOffset> FindFreshUntilAsync(TokenDelegation delegation, string userId, CancellationToken ct) =>
        directories.IsOn ? (await ListPeopleAsync(delegation, userId, ct)).Min(directories.FreshUntil) : DateTimeOffset.MaxValue;

    private async ValueTask<AccessGrant?> EnsureAndFindAsync(TokenDelegation delegation, string userId, CancellationToken ct)
    {
        foreach (var id in await ListPeopleAsync(delegation, userId, ct))
            await directories.EnsureUserAsync(id, Freshness.Cached, ct);
        return await FindInRowsAsync(delegation, userId, ct);
    }

    // A trust lives by everybody who had a part in it.
    private async Task<IEnumerable<string>> ListPeopleAsync(TokenDelegation delegation, string userId, CancellationToken ct)
    {
        if (delegation.Kind != DelegationKind.Trust)
            return [userId];
        var chain = await database.ReadAsync((tx, token) => TrustStore.ListChainAsync(tx, delegation.Id, token), ct);
        return chain.SelectMany(static trust => new[] { trust.TrustorId, trust.TrusteeId }).Prepend(userId).Distinct();
    }

    private ValueTask<AccessGrant?> FindInRowsAsync(TokenDelegation delegation, string userId, CancellationToken ct) => delegation.Kind switch
    {
        DelegationKind.ApplicationCredential => database.Cache.FindAsync(
            new CacheKey("by-credential", delegation.Id, userId), (tx, token) => ReadCredentialAsync(tx, delegation.Id, userId, token), ct),
        DelegationKind.AccessToken => database.Cache.FindAsync(
            new CacheKey("by-access-token", delegation.Id, userId), (tx, token) => ReadAccessTokenAsync(tx, delegation.Id, userId, token), ct),
        _ => database.Cache.FindAsync(
            new CacheKey("by-trust", delegation.Id, userId), (tx, token) => TrustReader.ReadAsync(tx, delegation.Id, userId, token), ct),
    };

    /// <summary>When tokens of the delegation must end; null: nothing says so.</summary>
    public static Task<DateTimeOffset?> FindEndAsync(Session tx, TokenDelegation delegation, CancellationToken ct)
    {
        var table = delegation.Kind switch
        {
            DelegationKind.ApplicationCredential => "identity_application_credentials",
            DelegationKind.AccessToken => "identity_access_tokens",
            _ => "identity_trusts",
        };
        return tx.FindAsync($"SELECT expires_at FROM {table} WHERE id = @id", static row => row.NullableInstant(0), ct, ("id", delegation.Id));
    }

    // What the user agreed to, as far as it still has it.
    private async Task<AccessGrant?> ReadAccessTokenAsync(Session tx, string id, string userId, CancellationToken ct)
    {
        if (await oauth.FindAccessTokenAsync(tx, id, ct) is not { } access || access.UserId != userId)
            return null;
        if (await AccessReader.ReadAsync(tx, userId, TokenScope.Project(access.ProjectId), ct) is not { } whole)
            return null;
        var agreed = (await RoleGraph.ReadAsync(tx, ct)).Expand(access.RoleIds).Select(static role => role.Id).ToHashSet(StringComparer.Ordinal);
        return whole with
        {
            Roles = [.. whole.Roles.Where(role => agreed.Contains(role.Id))],
            Delegation = new OAuthAccess(access.Id, access.ConsumerId),
        };
    }

    // Its own roles, as far as the user still has them.
    private static async Task<AccessGrant?> ReadCredentialAsync(Session tx, string id, string userId, CancellationToken ct)
    {
        if (await ApplicationCredentialJson.Credentials.FindAsync(tx, id, ct) is not { } credential || credential.UserId != userId)
            return null;
        if (await AccessReader.ReadAsync(tx, userId, TokenScope.Project(credential.ProjectId), ct) is not { } whole)
            return null;
        return whole with
        {
            Roles = [.. whole.Roles.Where(role => credential.RoleIds.Contains(role.Id))],
            Delegation = new ApplicationCredentialAccess(
                credential.Id, credential.Name, credential.IsUnrestricted, await AccessRuleStore.ListOfAsync(tx, credential, ct)),
        };
    }
}
