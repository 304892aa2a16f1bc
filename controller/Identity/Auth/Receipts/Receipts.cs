using Appliance.Controller.Http;
using Appliance.Controller.Identity.Access;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth.Receipts;

/// <summary>Makes receipts and reads them. They are sealed as tokens are, with a mark that keeps one from passing for the other.</summary>
internal sealed class Receipts(TokenSeal seal, TokenIssuer issuer, AccessReader access, TimeProvider clock)
{
    // Keystone's default for [receipt] expiration.
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(300);

    public Receipt Issue(UserRef user, AuthMethods methods, IReadOnlyList<IReadOnlyList<string>> required)
    {
        var token = issuer.Prepare(user.Id, TokenScope.Unscoped, methods, clock.GetUtcNow() + Lifetime);
        return new Receipt(seal.Seal(token, TokenSeal.Kind.Receipt), token, user, required);
    }

    /// <summary>The methods that the receipt shown proves; none without one.</summary>
    /// <param name="userId">Who proves the rest: a receipt of somebody else is none.</param>
    public async ValueTask<Outcome<AuthMethods>> ReadAsync(ApiRequest request, string userId, CancellationToken ct)
    {
        if (request.Http.Request.Headers[Receipt.Header] is not [{ Length: > 0 } text, ..])
            return AuthMethods.None;
        if (seal.Open(text, TokenSeal.Kind.Receipt) is not { } token || token.UserId != userId || token.ExpiresAt <= clock.GetUtcNow()
            || await access.FindAsync(userId, TokenScope.Unscoped, ct) is not { } grant || token.IssuedAt < grant.ValidFrom)
            return new Fault(FaultKind.Unauthorized, $"Could not find auth receipt: {text}.");
        return token.Methods;
    }
}
