using Appliance.Controller.Http;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Auth.Methods;
using Appliance.Controller.Identity.Auth.Receipts;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth;

/// <summary>How a login that was not refused ends: with a token, or with a receipt when the user's rules demand more.</summary>
internal sealed record Login(ValidToken? Token, Receipt? Receipt);

/// <summary>
/// Authenticates and issues a token. All methods must succeed and agree on the user; only then is the scope looked up, so that nobody learns
/// what exists before proving who they are. Source: keystone/api/_shared/authentication.py.
/// </summary>
internal sealed class Authenticator(
    IReadOnlyList<IAuthMethod> methods, LoginReader logins, ScopeGranter granter, TokenIssuer issuer, Receipts.Receipts receipts, AccessReader access)
{
    // Those of federated logins are proven elsewhere, and a user's rules may demand them all the same.
    private readonly HashSet<string> _names = [.. methods.Select(static method => method.Name), .. Token.NamesOf(AuthMethods.Mapped | AuthMethods.OpenId)];

    private static readonly Fault Unsupported = new(FaultKind.Unauthorized, "Attempted to authenticate with an unsupported method.");

    public async Task<Outcome<Login>> AuthenticateAsync(AuthRequest request, CancellationToken ct)
    {
        if ((await ProveAsync(request, ct)).Failed(out var refused, out var proof))
            return refused;
        var user = await logins.FindUserAsync(new NameInDomain(proof.UserId, null, null, null), ct);
        if (user is { Options.FactorRules.Count: > 0 })
        {
            if ((await CheckFactorsAsync(request, proof, user.Options.FactorRules, ct)).Failed(out var noReceipt, out var checkedProof))
                return noReceipt;
            if (checkedProof.Receipt is { } receipt)
                return new Login(null, receipt);
            proof = checkedProof.Proof;
        }

        if ((await granter.GrantAsync(proof, request.Scope, ct)).Failed(out var fault, out var granted))
            return fault;
        return new Login(issuer.Issue(granted.Access, proof.Methods, Earlier(proof.ExpiresAt, granted.ExpiresAt), proof.ParentAuditId, proof.Thumbprint), null);
    }

    // What a receipt proved before counts too. Whoever lacks a method gets a receipt for those it showed.
    private async Task<Outcome<(Proof Proof, Receipt? Receipt)>> CheckFactorsAsync(
        AuthRequest request, Proof proof, IReadOnlyList<IReadOnlyList<string>> rules, CancellationToken ct)
    {
        if ((await receipts.ReadAsync(request.Request, proof.UserId, ct)).Failed(out var badReceipt, out var before))
            return badReceipt;
        var whole = proof with { Methods = proof.Methods | before };
        var proven = Token.NamesOf(whole.Methods).ToHashSet(StringComparer.Ordinal);
        if (FactorRules.AreMet(rules, proven, _names))
            return (whole, null);
        if (await access.FindAsync(proof.UserId, TokenScope.Unscoped, ct) is not { } grant)
            return IdentityFaults.Unauthorized("the user is gone");
        return (whole, receipts.Issue(grant.User, whole.Methods, FactorRules.Begun(rules, proven, _names)));
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
