using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.Access;

/// <summary>Acting by an application credential.</summary>
/// <param name="IsUnrestricted">It may make and delete credentials and the like; others may not.</param>
internal sealed record ApplicationCredentialAccess(string Id, string Name, bool IsUnrestricted, IReadOnlyList<AccessRule>? AccessRules)
    : DelegatedAccess(Id, AccessRules);

/// <summary>Acting by a trust, for the trustor.</summary>
/// <param name="IsImpersonating">As the trustor; else as the trustee with the trustor's roles.</param>
internal sealed record TrustAccess(string Id, string TrustorId, string TrusteeId, bool IsImpersonating) : DelegatedAccess(Id, null);

/// <summary>Acting by an OAuth access token.</summary>
internal sealed record OAuthAccess(string Id, string ConsumerId) : DelegatedAccess(Id, null);

/// <summary>What delegated tokens must not be used for. Source: keystone/api/users.py, trusts.py and the advisories behind them.</summary>
internal static class DelegationRules
{
    /// <summary>A program must not make itself further application credentials, unless it was made to; trustees never may.</summary>
    public static Fault? CheckManagesApplicationCredentials(Caller caller) => caller.Delegation switch
    {
        ApplicationCredentialAccess { IsUnrestricted: false } => IdentityFaults.Forbidden(
            "Using method 'application_credential' is not allowed for managing additional application credentials."),
        null or ApplicationCredentialAccess => null,
        _ => CheckReadsApplicationCredentials(caller),
    };

    /// <summary>A delegated token tells nothing of its user's application credentials, save one of such a credential itself.</summary>
    public static Fault? CheckReadsApplicationCredentials(Caller caller) => caller.Delegation is null or ApplicationCredentialAccess
        ? null
        : IdentityFaults.Forbidden();

    /// <summary>Trusts reach further than the one project of an application credential, so its tokens have nothing to do with them.</summary>
    public static Fault? CheckManagesTrusts(Caller caller) => caller.Delegation is ApplicationCredentialAccess
        ? IdentityFaults.Forbidden("Using method 'application_credential' is not allowed for managing trusts.")
        : null;
}
