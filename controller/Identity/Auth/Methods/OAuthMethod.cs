using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Identity.OAuth1;
using Appliance.Controller.Identity.Tokens;

namespace Appliance.Controller.Identity.Auth.Methods;

/// <summary>A request that a consumer signed with its access token. Source: keystone/auth/plugins/oauth1.py.</summary>
internal sealed class OAuthMethod(IdentityContext context, OAuthStore store) : IAuthMethod
{
    public string Name => "oauth1";

    public async Task<Outcome<Proof>> ProveAsync(JsonElement given, AuthRequest request, CancellationToken ct)
    {
        if (OAuthRequest.Read(request.Request.Http.Request, context.BaseUrl(request.Request)).Failed(out var unsigned, out var signed))
            return unsigned;
        if (string.IsNullOrEmpty(signed.Token))
            return IdentityFaults.Expecting("oauth_token", "request");
        var now = context.Clock.GetUtcNow();
        if (signed.CheckForm(now) is { } malformed)
            return malformed;
        var (access, consumer) = await context.Database.ReadAsync(async (tx, token) =>
        {
            var found = await store.FindAccessTokenAsync(tx, signed.Token, token);
            return (found, found is null ? null : await store.Consumers.FindAsync(tx, found.ConsumerId, token));
        }, ct);
        request.ClaimedUserId ??= access?.UserId;
        if (access is null)
            return new Fault(FaultKind.NotFound, "Access token not found");
        if (consumer is null || signed.ConsumerKey != consumer.Id || access.ExpiresAt < now || !signed.IsSignedWith(consumer.Secret, access.Secret))
            return IdentityFaults.Unauthorized("the access token is expired, another consumer's, or the signature is invalid");
        return new Proof(access.UserId, AuthMethods.OAuth1, access.ExpiresAt, null, new TokenDelegation(DelegationKind.AccessToken, access.Id));
    }
}
