using Appliance.Controller.Http;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Auth.Methods;
using Appliance.Controller.Identity.Tokens;
using Appliance.Controller.Identity.Trusts;

namespace Appliance.Controller.Identity.Auth;

/// <param name="ExpiresAt">When what the access rests on ends; null: it does not.</param>
internal sealed record GrantedScope(AccessGrant Access, DateTimeOffset? ExpiresAt = null);

/// <summary>Finds what somebody who has proven to be a user asks access to. Source: keystone/api/_shared/authentication.py, keystone/auth/core.py.</summary>
internal sealed class ScopeGranter(
    IdentityDatabase database, LoginReader logins, AccessReader access, DelegatedReader delegated, TimeProvider clock)
{
    public async Task<Outcome<GrantedScope>> GrantAsync(Proof proof, AskedScope asked, CancellationToken ct)
    {
        if (proof.Delegation is { } delegation)
        {
            return await delegated.FindAsync(delegation, proof.UserId, ct) is { IsUsable: true } bounded
                ? new GrantedScope(bounded)
                : IdentityFaults.Unauthorized("what was delegated, or whose it was, is gone");
        }

        if (asked.Kind == AskedScopeKind.Trust)
            return await GrantTrustAsync(proof.UserId, asked.Target!.Id!, ct);
        if (asked.Kind == AskedScopeKind.Default && await FindDefaultAsync(proof.UserId, ct) is { } byDefault)
            return new GrantedScope(byDefault);

        TokenScope? scope = asked.Kind switch
        {
            AskedScopeKind.System => TokenScope.System,
            AskedScopeKind.Project => await logins.FindProjectIdAsync(asked.Target!, ct) is { } id ? TokenScope.Project(id) : null,
            AskedScopeKind.Domain => await logins.FindDomainIdAsync(asked.Target!, ct) is { } id ? TokenScope.Domain(id) : null,
            _ => TokenScope.Unscoped,
        };
        if (scope is not { } known || await access.FindAsync(proof.UserId, known, ct) is not { IsUsable: true } grant)
            return IdentityFaults.Unauthorized("no such enabled scope, or no role in it");
        return new GrantedScope(grant);
    }

    // A default project that is gone, disabled or without a role for the user is passed over in silence.
    private async Task<AccessGrant?> FindDefaultAsync(string userId, CancellationToken ct)
    {
        var user = await logins.FindUserAsync(new NameInDomain(userId, null, null, null), ct);
        return user?.DefaultProjectId is { } project && await access.FindAsync(userId, TokenScope.Project(project), ct) is { IsUsable: true } grant
            ? grant
            : null;
    }

    // A trust that is not there is a 401; that it is somebody else's, or worth nothing any more, is a 403, as in Keystone.
    private async Task<Outcome<GrantedScope>> GrantTrustAsync(string userId, string trustId, CancellationToken ct)
    {
        var found = await database.ReadAsync((tx, token) => TrustJson.Trusts.FindAsync(tx, trustId, token), ct);
        if (found is not { } trust || !trust.IsUsable(clock.GetUtcNow()))
            return IdentityFaults.Unauthorized("no such trust");
        if (trust.TrusteeId != userId)
            return IdentityFaults.Forbidden();
        var owner = trust.IsImpersonating ? trust.TrustorId : trust.TrusteeId;
        if (await delegated.FindAsync(new TokenDelegation(DelegationKind.Trust, trustId), owner, ct) is not { } grant)
            return IdentityFaults.Unauthorized("the trust's project or people are gone");
        if (grant.Target is { Enabled: false })
            return IdentityFaults.Unauthorized("the trust's project is disabled");
        if (!grant.IsUsable)
            return IdentityFaults.Forbidden();
        return await ConsumeAsync(trust, ct) ? new GrantedScope(grant, trust.ExpiresAt) : new Fault(
            FaultKind.Forbidden, $"No remaining uses for trust: {trustId}.");
    }

    private async Task<bool> ConsumeAsync(Trust trust, CancellationToken ct)
    {
        if (trust.RemainingUses is null)
            return true;
        var isConsumed = false;
        await database.WriteAsync(async (tx, token) => isConsumed = await TrustStore.TryConsumeAsync(tx, trust.Id, token), ct);
        return isConsumed;
    }
}
