using System.Buffers.Text;
using System.Security.Cryptography;
using Appliance.Controller.Identity.Access;

namespace Appliance.Controller.Identity.Tokens;

/// <summary>Makes tokens for grants that were checked.</summary>
internal sealed class TokenIssuer(TokenSeal seal, TimeProvider clock)
{
    /// <summary>Keystone's default for <c>[token] expiration</c>.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <param name="expiresAt">End that an earlier token or a delegation sets; null: a full lifetime from now.</param>
    /// <param name="parentAuditId">First token of the chain when this one is made from another.</param>
    public ValidToken Issue(AccessGrant access, AuthMethods methods, DateTimeOffset? expiresAt = null, string? parentAuditId = null)
    {
        // Microseconds are what the payload keeps: issued and validated documents must show the same instants.
        var now = clock.GetUtcNow();
        var issued = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        var whole = issued + Lifetime;
        var full = new DateTimeOffset(whole.Ticks - (whole.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        var expires = expiresAt is { } end && end < full ? end : full;
        var token = new Token(
            methods, access.User.Id, access.Scope, issued, expires, NewAuditId(), parentAuditId, DelegationOf(access));
        return new ValidToken(seal.Seal(token), token, access);
    }

    private static TokenDelegation? DelegationOf(AccessGrant access) => access.Delegation switch
    {
        null => null,
        TrustAccess trust => new TokenDelegation(DelegationKind.Trust, trust.Id),
        OAuthAccess token => new TokenDelegation(DelegationKind.AccessToken, token.Id),
        var credential => new TokenDelegation(DelegationKind.ApplicationCredential, credential.Id),
    };

    private static string NewAuditId()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
