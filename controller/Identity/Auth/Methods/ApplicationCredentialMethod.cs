using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Passwords;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth.Methods;

/// <summary>Source: keystone/auth/plugins/application_credential.py.</summary>
internal sealed class ApplicationCredentialMethod(LoginReader logins, PasswordVerifier passwords, TimeProvider clock) : IAuthMethod
{
    public string Name => "application_credential";

    public async Task<Outcome<Proof>> ProveAsync(JsonElement given, AuthRequest request, CancellationToken ct)
    {
        if (request.Scope.Kind != AskedScopeKind.Default)
            return new Fault(
                FaultKind.Unauthorized, "Error authenticating with application credential: Application credentials cannot request a scope.");
        var (id, name) = (given.StringOrNull("id"), given.StringOrNull("name"));
        string? userId = null;
        if (string.IsNullOrEmpty(id))
        {
            if (string.IsNullOrEmpty(name))
                return IdentityFaults.Expecting("id or name", "application credential");
            if (given.Member("user") is not { } asked)
                return IdentityFaults.Expecting("user", "application_credential");
            if (AuthRequest.ReadNamed(asked, "user").Failed(out var bad, out var named))
                return bad;
            userId = (await logins.FindUserAsync(named, ct))?.Id;
        }

        // Whoever is named besides an id does not matter: the credential says whose it is.
        var credential = await logins.FindCredentialAsync(id, name, userId, ct);
        request.ClaimedUserId ??= credential?.UserId;
        var isRight = await passwords.CheckAsync(credential?.Id, credential?.SecretHash, given.StringOrNull("secret") ?? "", ct);
        if (!isRight || credential is null || credential.ExpiresAt <= clock.GetUtcNow())
            return IdentityFaults.Unauthorized("wrong secret, or no such application credential");
        return new Proof(
            credential.UserId, AuthMethods.ApplicationCredential, credential.ExpiresAt, null,
            new TokenDelegation(DelegationKind.ApplicationCredential, credential.Id));
    }
}
