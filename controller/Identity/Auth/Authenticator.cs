using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Passwords;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth;

/// <summary>What the methods of a request proved together.</summary>
/// <param name="ExpiresAt">End inherited from the token shown; null when none was.</param>
/// <param name="CredentialId">Application credential that was shown, or that the token shown stems from: it decides scope and roles.</param>
internal sealed record Proof(
    string UserId, AuthMethods Methods, DateTimeOffset? ExpiresAt = null, string? ParentAuditId = null, string? CredentialId = null);

/// <summary>
/// Authenticates and issues a token. All methods must succeed and agree on the user; only then is the scope looked up, so that nobody learns
/// what exists before proving who they are. Every failure is the same 401. Source: keystone/api/_shared/authentication.py.
/// </summary>
internal sealed class Authenticator(
    LoginReader logins, PasswordVerifier passwords, TokenValidator tokens, TokenIssuer issuer, AccessReader access, TimeProvider clock)
{
    public async Task<Outcome<ValidToken>> AuthenticateAsync(AuthRequest request, CancellationToken ct)
    {
        Proof? proof = null;
        foreach (var method in request.Methods)
        {
            if ((await ProveAsync(method, request, ct)).Failed(out var refused, out var next))
                return refused;
            if (proof is not null && proof.UserId != next.UserId)
                return IdentityFaults.Unauthorized("methods disagree on the user");
            proof = proof is null ? next : Combine(proof, next);
        }

        if (proof is null)
            return IdentityFaults.Unauthorized("no method");
        if ((await GrantAsync(proof, request.Scope, ct)).Failed(out var fault, out var grant))
            return fault;
        return issuer.Issue(grant, proof.Methods, proof.ExpiresAt, proof.ParentAuditId);
    }

    private async Task<Outcome<Proof>> ProveAsync(string method, AuthRequest request, CancellationToken ct) => method switch
    {
        "password" => await ProvePasswordAsync(request.Identity.GetProperty("password"), ct),
        "token" => await ProveTokenAsync(request.Identity.GetProperty("token"), request.Scope, ct),
        "application_credential" => await ProveCredentialAsync(request.Identity.GetProperty("application_credential"), request.Scope, ct),
        _ => new Fault(FaultKind.Unauthorized, "Attempted to authenticate with an unsupported method."),
    };

    private static Proof Combine(Proof one, Proof other) => one with
    {
        Methods = one.Methods | other.Methods,
        ExpiresAt = one.ExpiresAt is { } mine && other.ExpiresAt is { } theirs && theirs < mine ? theirs : one.ExpiresAt ?? other.ExpiresAt,
        ParentAuditId = one.ParentAuditId ?? other.ParentAuditId,
        CredentialId = one.CredentialId ?? other.CredentialId,
    };

    private async Task<Outcome<Proof>> ProvePasswordAsync(JsonElement method, CancellationToken ct)
    {
        if (method.Member("user") is not { } given)
            return IdentityFaults.Expecting("user", "password");
        if (AuthRequest.ReadNamed(given, "user").Failed(out var bad, out var named))
            return bad;

        // The password is checked for unknown and disabled users too: all three take the same time.
        var user = await logins.FindUserAsync(named, ct);
        var isRight = await passwords.CheckAsync(user?.Id, user?.PasswordHash, given.StringOrNull("password") ?? "", ct);
        if (!isRight || user is not { IsEnabled: true })
            return IdentityFaults.Unauthorized("wrong password, or no such enabled user");
        if (user.PasswordExpiresAt <= clock.GetUtcNow())
            return new Fault(FaultKind.Unauthorized, $"The password is expired and needs to be changed for user: {user.Id}.");
        return new Proof(user.Id, AuthMethods.Password);
    }

    private async Task<Outcome<Proof>> ProveTokenAsync(JsonElement method, AskedScope scope, CancellationToken ct)
    {
        var text = method.GetProperty("id").GetString()!;
        if (await tokens.FindAsync(text, allowExpired: false, ct) is not { } shown)
            return text.Length == 0 ? new Fault(FaultKind.NotFound, "No token in the request") : IdentityFaults.NotFound("token", text);
        if (AuthRules.CheckRescope(shown.Token, scope) is { } refused)
            return refused;
        return new Proof(
            shown.Token.UserId, shown.Token.Methods | AuthMethods.Token, shown.Token.ExpiresAt, shown.Token.ParentAuditId ?? shown.Token.AuditId,
            shown.Token.ApplicationCredentialId);
    }

    private async Task<Outcome<Proof>> ProveCredentialAsync(JsonElement method, AskedScope scope, CancellationToken ct)
    {
        if (scope.Kind != AskedScopeKind.Default)
            return new Fault(
                FaultKind.Unauthorized, "Error authenticating with application credential: Application credentials cannot request a scope.");
        var (id, name) = (method.StringOrNull("id"), method.StringOrNull("name"));
        string? userId = null;
        if (string.IsNullOrEmpty(id))
        {
            if (string.IsNullOrEmpty(name))
                return IdentityFaults.Expecting("id or name", "application credential");
            if (method.Member("user") is not { } given)
                return IdentityFaults.Expecting("user", "application_credential");
            if (AuthRequest.ReadNamed(given, "user").Failed(out var bad, out var named))
                return bad;
            userId = (await logins.FindUserAsync(named, ct))?.Id;
        }

        // Whoever is named besides an id does not matter: the credential says whose it is.
        var credential = await logins.FindCredentialAsync(id, name, userId, ct);
        var isRight = await passwords.CheckAsync(credential?.Id, credential?.SecretHash, method.StringOrNull("secret") ?? "", ct);
        if (!isRight || credential is null || credential.ExpiresAt <= clock.GetUtcNow())
            return IdentityFaults.Unauthorized("wrong secret, or no such application credential");
        return new Proof(credential.UserId, AuthMethods.ApplicationCredential, credential.ExpiresAt, null, credential.Id);
    }

    private async Task<Outcome<AccessGrant>> GrantAsync(Proof proof, AskedScope asked, CancellationToken ct)
    {
        if (proof.CredentialId is { } credentialId)
        {
            return await access.FindDelegatedAsync(credentialId, proof.UserId, ct) is { IsUsable: true } delegated
                ? delegated
                : IdentityFaults.Unauthorized("the application credential's user, project or roles are gone");
        }

        if (asked.Kind == AskedScopeKind.Default && await FindDefaultAsync(proof.UserId, ct) is { } byDefault)
            return byDefault;

        TokenScope? scope = asked.Kind switch
        {
            AskedScopeKind.System => TokenScope.System,
            AskedScopeKind.Project => await logins.FindProjectIdAsync(asked.Target!, ct) is { } id ? TokenScope.Project(id) : null,
            AskedScopeKind.Domain => await logins.FindDomainIdAsync(asked.Target!, ct) is { } id ? TokenScope.Domain(id) : null,
            _ => TokenScope.Unscoped,
        };
        if (scope is not { } known || await access.FindAsync(proof.UserId, known, ct) is not { IsUsable: true } grant)
            return IdentityFaults.Unauthorized("no such enabled scope, or no role in it");
        return grant;
    }

    // A default project that is gone, disabled or without a role for the user is passed over in silence.
    private async Task<AccessGrant?> FindDefaultAsync(string userId, CancellationToken ct)
    {
        var user = await logins.FindUserAsync(new NameInDomain(userId, null, null, null), ct);
        return user?.DefaultProjectId is { } project && await access.FindAsync(userId, TokenScope.Project(project), ct) is { IsUsable: true } grant
            ? grant
            : null;
    }
}
