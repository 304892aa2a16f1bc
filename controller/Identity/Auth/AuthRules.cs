using Appliance.Controller.Http;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth;

/// <summary>What one token may be exchanged for. Source: keystone/auth/plugins/token.py.</summary>
internal static class AuthRules
{
    public static Fault? CheckRescope(Token shown, AskedScope asked) => shown switch
    {
        { Delegation.Kind: DelegationKind.AccessToken } => IdentityFaults.Forbidden(
            "Using OAuth-scoped token to create another token. Create a new OAuth-scoped token instead"),
        { Delegation.Kind: DelegationKind.Trust } => IdentityFaults.Forbidden(
            "Using trust-scoped token to create another token. Create a new trust-scoped token instead"),
        { Scope.Kind: ScopeKind.System } when asked.Kind is AskedScopeKind.Project or AskedScopeKind.Domain => IdentityFaults.Forbidden(
            "Using a system-scoped token to create a project-scoped or domain-scoped token is not allowed."),
        { Delegation.Kind: DelegationKind.ApplicationCredential } when asked.Kind != AskedScopeKind.Default => IdentityFaults.Forbidden(
            "Using an application credential token to create a scoped token is not allowed."),
        _ => null,
    };
}
