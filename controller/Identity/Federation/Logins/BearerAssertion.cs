using System.Text.Json;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Identity.Federation.IdentityProviders;
using Appliance.Controller.Identity.Federation.Tokens;

namespace Appliance.Controller.Identity.Federation.Logins;

/// <summary>
/// What an OpenID provider says of who sends a request with <c>Authorization: Bearer</c>. The token must be a JSON web token that the provider
/// signed, of one of its remote ids as issuer, for one of this site's audiences, and of now. Its claims are named as mod_auth_openidc names
/// them for Keystone: <c>OIDC-sub</c>, <c>HTTP_OIDC_SUB</c> and <c>OIDC_CLAIM_sub</c>.
/// </summary>
internal sealed class BearerAssertion(ProviderKeys keys, IReadOnlyList<string> audiences, TimeProvider clock)
{
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(60);

    public async Task<Outcome<IReadOnlyDictionary<string, IReadOnlyList<string>>>> ReadAsync(
        HttpRequest request, IdentityProvider provider, CancellationToken ct)
    {
        if (request.Headers.Authorization is not [{ } header, ..] || !header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            || Jwt.Read(header["Bearer ".Length..].Trim()) is not { } token)
            return IdentityFaults.Unauthorized("no bearer token that is a JSON web token");
        if (token.Issuer is not { } issuer || !provider.RemoteIds.Contains(issuer) || !IsForUs(token.Claims) || !IsCurrent(token.Claims))
            return IdentityFaults.Unauthorized("the token is another provider's, for somebody else, or not of now");
        var signers = await keys.ListAsync(issuer, token.KeyId, ct);
        return signers.Any(token.IsSignedBy)
            ? Outcome.Of(Name(token.Claims))
            : IdentityFaults.Unauthorized("no key of the provider made the token's signature");
    }

    private bool IsForUs(JsonElement claims) => claims.Member("aud") switch
    {
        { ValueKind: JsonValueKind.String } one => audiences.Contains(one.GetString()!),
        { ValueKind: JsonValueKind.Array } several => several.EnumerateArray().Any(
            audience => audience.ValueKind == JsonValueKind.String && audiences.Contains(audience.GetString()!)),
        _ => false,
    };

    private bool IsCurrent(JsonElement claims)
    {
        var now = clock.GetUtcNow();
        return Instant(claims, "exp") is { } end && now < end + Leeway && !(Instant(claims, "nbf") > now + Leeway) && !(Instant(claims, "iat") > now + Leeway);
    }

    // Numbers beyond the calendar are no instants.
    private static DateTimeOffset? Instant(JsonElement claims, string name) =>
        claims.Member(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetDouble(out var seconds) && seconds is > 0 and < 253_402_300_799
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : null;

    private static IReadOnlyDictionary<string, IReadOnlyList<string>> Name(JsonElement claims)
    {
        var named = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var claim in claims.EnumerateObject())
        {
            IReadOnlyList<string> values = claim.Value.ValueKind switch
            {
                JsonValueKind.Array => [.. claim.Value.EnumerateArray().Select(Text).OfType<string>()],
                _ => Text(claim.Value) is { } one ? [one] : [],
            };
            named[$"OIDC-{claim.Name}"] = values;
            named[$"OIDC_CLAIM_{claim.Name}"] = values;
            named[$"HTTP_OIDC_{claim.Name.ToUpperInvariant().Replace('-', '_')}"] = values;
        }

        return named;
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "1",
        JsonValueKind.False => "0",
        _ => null,
    };
}
