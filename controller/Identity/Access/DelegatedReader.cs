using Appliance.Controller.Data;
using Appliance.Controller.Identity.ApplicationCredentials;
using Appliance.Controller.Identity.Tokens;
using Appliance.Controller.Identity.Trusts;

namespace Appliance.Controller.Identity.Access;

/// <summary>
/// What somebody may do by a delegation: what was delegated, as far as who delegated it still has it. Kept in memory like every other access,
/// so a change to anything it rests on works at once.
/// </summary>
internal sealed class DelegatedReader(IdentityDatabase database)
{
    /// <summary>Null: the delegation is gone or is not this user's to use. That it has expired is for its tokens to know.</summary>
    public ValueTask<AccessGrant?> FindAsync(TokenDelegation delegation, string userId, CancellationToken ct) => delegation.Kind switch
    {
        DelegationKind.ApplicationCredential => database.Cache.FindAsync(
            new CacheKey("by-credential", delegation.Id, userId), (tx, token) => ReadCredentialAsync(tx, delegation.Id, userId, token), ct),
        _ => database.Cache.FindAsync(
            new CacheKey("by-trust", delegation.Id, userId), (tx, token) => TrustReader.ReadAsync(tx, delegation.Id, userId, token), ct),
    };

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
