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
    /// <param name="thumbprint">The certificate it is to be bound to; null: none.</param>
    public ValidToken Issue(
        AccessGrant access, AuthMethods methods, DateTimeOffset? expiresAt = null, string? parentAuditId = null, string? thumbprint = null)
    {
        var token = Prepare(access.User.Id, access.Scope, methods, expiresAt) with
        {
            ParentAuditId = parentAuditId,
            Delegation = DelegationOf(access),
            Thumbprint = thumbprint,
        };
        return new ValidToken(seal.Seal(token), token, access);
    }

    /// <summary>A token issued now, not sealed.</summary>
    /// <param name="expiresAt">As for <see cref="Issue"/>.</param>
    public Token Prepare(string userId, TokenScope scope, AuthMethods methods, DateTimeOffset? expiresAt)
    {
        // Microseconds are what the payload keeps: issued and validated documents must show the same instants.
        var now = clock.GetUtcNow();
        var issued = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        var whole = issued + Lifetime;
        var full = new DateTimeOffset(whole.Ticks - (whole.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        var end = expiresAt is { } given && given < full ? given : full;
        return new Token(
            methods, userId, scope, issued, new DateTimeOffset(end.Ticks - (end.Ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero), NewAuditId(), null, null);
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
