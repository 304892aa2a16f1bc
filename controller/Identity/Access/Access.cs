using Appliance.Controller.Http;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Access;

/// <summary>An id with its name.</summary>
internal sealed record NamedRef(string Id, string Name);

/// <param name="Enabled">The user, the domain it belongs to, and the provider it lives by.</param>
/// <param name="TokensValidFrom">Tokens issued before are void: password changed, user disabled.</param>
internal sealed record UserRef(
    string Id, string Name, NamedRef Domain, bool Enabled, DateTimeOffset TokensValidFrom, DateTimeOffset? PasswordExpiresAt)
{
    /// <summary>The provider whose word was last taken on who the user is; null: none vouches for it.</summary>
    public FederatedIdentity? Federation { get; init; }
}

/// <param name="GroupIds">Groups the provider vouched for when the user last logged in.</param>
/// <param name="IsHome">The user lives by the provider's word alone; else it is this site's own, whom the provider may vouch for too.</param>
internal sealed record FederatedIdentity(string ProviderId, string ProtocolId, IReadOnlyList<string> GroupIds, bool IsHome);

/// <summary>A project or domain that a token is scoped to.</summary>
/// <param name="Enabled">It and the domain it belongs to.</param>
/// <param name="Domain">The owning domain; for a domain itself.</param>
internal sealed record TargetRef(string Id, string Name, bool IsDomain, NamedRef Domain, bool Enabled, DateTimeOffset TokensValidFrom);

/// <summary>What a user may do in a scope now: names for documents, roles for policies. Immutable; kept in <see cref="IdentityCache"/>.</summary>
/// <param name="Target">Null for unscoped and system scope.</param>
/// <param name="Roles">Global roles with everything they imply, by name.</param>
/// <param name="Delegation">The delegation that bounds the roles; null for the user itself.</param>
internal sealed record AccessGrant(
    UserRef User, TokenScope Scope, TargetRef? Target, IReadOnlyList<NamedRef> Roles, DelegatedAccess? Delegation = null)
{
    /// <summary>For callers; made anew for each token that is not in the cache.</summary>
    public IReadOnlyList<string> RoleNames => [.. Roles.Select(static role => role.Name)];

    /// <summary>Whether a token for this scope can exist: everything enabled, and at least one role unless unscoped.</summary>
    public bool IsUsable => User.Enabled && Target is not { Enabled: false } && (Scope.Kind == ScopeKind.Unscoped || Roles.Count > 0);

    /// <summary>Tokens issued before this instant are void.</summary>
    public DateTimeOffset ValidFrom { get; } =
        Target is { } target && target.TokensValidFrom > User.TokensValidFrom ? target.TokensValidFrom : User.TokensValidFrom;
}
