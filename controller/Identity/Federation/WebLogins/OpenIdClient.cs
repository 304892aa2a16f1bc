using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Federation.Tokens;
using Appliance.Controller.Identity.Settings;
using Microsoft.AspNetCore.WebUtilities;

namespace Appliance.Controller.Identity.Federation.WebLogins;

/// <summary>
/// This site as the client of an OpenID provider: the authorization code flow with PKCE, state and nonce.
/// Source: OpenID Connect Core 1.0, 3.1; RFC 7636; RFC 9700.
/// </summary>
internal sealed class OpenIdClient(ProviderKeys keys, TimeProvider clock)
{
    /// <summary>Where to send the browser to log in.</summary>
    public async Task<Outcome<string>> BeginAsync(OpenIdClientSettings client, string issuer, WebLoginState state, CancellationToken ct)
    {
        if (await keys.FindMetadataAsync(issuer, ct) is not { AuthorizationEndpoint: { } endpoint })
            return IdentityFaults.Unauthorized("the provider does not answer, or names no safe place to log in at");
        return QueryHelpers.AddQueryString(endpoint, new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = client.ClientId,
            ["redirect_uri"] = state.RedirectUri,
            ["scope"] = client.Scope,
            ["state"] = state.State,
            ["nonce"] = state.Nonce,
            ["code_challenge"] = state.Challenge,
            ["code_challenge_method"] = "S256",
        });
    }

    /// <summary>What the provider says of who logged in. Every refusal is the same 401.</summary>
    public async Task<Outcome<IReadOnlyDictionary<string, IReadOnlyList<string>>>> RedeemAsync(
        OpenIdClientSettings client, string issuer, string code, WebLoginState state, CancellationToken ct)
    {
        if (await keys.FindMetadataAsync(issuer, ct) is not { TokenEndpoint: not null } provider)
            return IdentityFaults.Unauthorized("the provider does not answer, or names no safe place to redeem codes at");
        if (await AskTokensAsync(client, provider, code, state, ct) is not { } answer
            || answer.StringOrNull("id_token") is not { } text || Jwt.Read(text) is not { } token)
            return IdentityFaults.Unauthorized("the provider did not redeem the code");
        if (Check(token, client, issuer, state) is { } wrong)
            return IdentityFaults.Unauthorized(wrong);
        if (!(await keys.ListAsync(issuer, token.KeyId, ct)).Any(token.IsSignedBy))
            return IdentityFaults.Unauthorized("no key of the provider made the token's signature");
        if (provider.UserInfoEndpoint is not { } place || answer.StringOrNull("access_token") is not { Length: > 0 } access)
            return Outcome.Of(OpenIdClaims.Name(token.Claims));

        // More about the same person; of what both say the signed word counts. OpenID Connect Core 1.0, 5.3.2.
        var more = await ProviderHttp.GetAsync(place, access, ct);
        return more?.StringOrNull("sub") == token.Claims.StringOrNull("sub") && JsonText.IsWellFormed(more!.Value)
            ? Outcome.Of(OpenIdClaims.Name(more.Value, token.Claims))
            : IdentityFaults.Unauthorized("the provider's userinfo is about somebody else, or missing");
    }

    private static Task<JsonElement?> AskTokensAsync(
        OpenIdClientSettings client, ProviderMetadata provider, string code, WebLoginState state, CancellationToken ct)
    {
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = state.RedirectUri,
            ["code_verifier"] = state.Verifier,
        };
        if (client.ClientSecret is { } secret && provider.TakesBasic)
        {
            // RFC 6749, 2.3.1: both parts are form-encoded before they are joined.
            var pair = Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(client.ClientId)}:{Uri.EscapeDataString(secret)}");
            return ProviderHttp.PostAsync(provider.TokenEndpoint, form, new AuthenticationHeaderValue("Basic", Convert.ToBase64String(pair)), ct);
        }

        form["client_id"] = client.ClientId;
        if (client.ClientSecret is not null)
            form["client_secret"] = client.ClientSecret;
        return ProviderHttp.PostAsync(provider.TokenEndpoint, form, null, ct);
    }

    // OpenID Connect Core 1.0, 3.1.3.7. Null: nothing is wrong but, maybe, the signature.
    private string? Check(Jwt token, OpenIdClientSettings client, string issuer, WebLoginState state)
    {
        var (claims, audiences) = (token.Claims, OpenIdClaims.Audiences(token.Claims));
        if (token.Issuer != issuer)
            return "the token is another provider's";
        if (!audiences.Contains(client.ClientId) || (claims.StringOrNull("azp") is { } party ? party != client.ClientId : audiences.Count > 1))
            return "the token is for somebody else";
        if (!OpenIdClaims.IsCurrent(claims, clock.GetUtcNow()))
            return "the token is not of now";
        if (!CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(claims.StringOrNull("nonce") ?? ""), Encoding.UTF8.GetBytes(state.Nonce)))
            return "the token is of another login";
        return claims.StringOrNull("sub") is { Length: > 0 } ? null : "the token names nobody";
    }
}
