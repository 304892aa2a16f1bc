using Appliance.Controller.Http;
using Appliance.Controller.Identity.Federation.IdentityProviders;
using Appliance.Controller.Identity.Federation.Tokens;

namespace Appliance.Controller.Identity.Federation.Logins;

/// <summary>
/// What an OpenID provider says of who sends a request with <c>Authorization: Bearer</c>. The token must be a JSON web token that the provider
/// signed, of one of its remote ids as issuer, for one of this site's audiences, and of now.
/// </summary>
internal sealed class BearerAssertion(ProviderKeys keys, IReadOnlyList<string> audiences, TimeProvider clock)
{
    public async Task<Outcome<IReadOnlyDictionary<string, IReadOnlyList<string>>>> ReadAsync(
        HttpRequest request, IdentityProvider provider, CancellationToken ct)
    {
        if (request.Headers.Authorization is not [{ } header, ..] || !header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            || Jwt.Read(header["Bearer ".Length..].Trim()) is not { } token)
            return IdentityFaults.Unauthorized("no bearer token that is a JSON web token");
        if (token.Issuer is not { } issuer || !provider.RemoteIds.Contains(issuer) || !OpenIdClaims.Audiences(token.Claims).Any(audiences.Contains)
            || !OpenIdClaims.IsCurrent(token.Claims, clock.GetUtcNow()))
            return IdentityFaults.Unauthorized("the token is another provider's, for somebody else, or not of now");
        var signers = await keys.ListAsync(issuer, token.KeyId, ct);
        return signers.Any(token.IsSignedBy)
            ? Outcome.Of(OpenIdClaims.Name(token.Claims))
            : IdentityFaults.Unauthorized("no key of the provider made the token's signature");
    }
}
