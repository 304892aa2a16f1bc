using Appliance.Controller.Http;
using Appliance.Controller.Identity.Auth.Methods;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth;

/// <summary>
/// Authenticates and issues a token. All methods must succeed and agree on the user; only then is the scope looked up, so that nobody learns
/// what exists before proving who they are. Source: keystone/api/_shared/authentication.py.
/// </summary>
internal sealed class Authenticator(IReadOnlyList<IAuthMethod> methods, ScopeGranter granter, TokenIssuer issuer)
{
    private static readonly Fault Unsupported = new(FaultKind.Unauthorized, "Attempted to authenticate with an unsupported method.");

    public async Task<Outcome<ValidToken>> AuthenticateAsync(AuthRequest request, CancellationToken ct)
    {
        if ((await ProveAsync(request, ct)).Failed(out var refused, out var proof))
            return refused;
        if ((await granter.GrantAsync(proof, request.Scope, ct)).Failed(out var fault, out var granted))
            return fault;
        return issuer.Issue(granted.Access, proof.Methods, Earlier(proof.ExpiresAt, granted.ExpiresAt), proof.ParentAuditId);
    }

    private async Task<Outcome<Proof>> ProveAsync(AuthRequest request, CancellationToken ct)
    {
        Proof? proof = null;
        foreach (var name in request.Methods)
        {
            if (Find(name) is not { } method)
                return Unsupported;
            if ((await method.ProveAsync(request.Identity.GetProperty(name), request, ct)).Failed(out var refused, out var next))
                return refused;
            if (proof is not null && proof.UserId != next.UserId)
                return IdentityFaults.Unauthorized("methods disagree on the user");
            proof = proof?.And(next) ?? next;
        }

        return proof is null ? IdentityFaults.Unauthorized("no method") : proof;
    }

    private IAuthMethod? Find(string name)
    {
        foreach (var method in methods)
        {
            if (method.Name == name)
                return method;
        }

        return null;
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) =>
        one is { } first && other is { } second ? (first < second ? first : second) : one ?? other;
}
