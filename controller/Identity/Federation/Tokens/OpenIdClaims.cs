using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Federation.Tokens;

/// <summary>Claims of OpenID providers: whether they are for us and of now, and how mapping rules see them. Source: OpenID Connect Core 1.0.</summary>
internal static class OpenIdClaims
{
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(60);

    /// <summary>Whom a token is for: one text, or several.</summary>
    public static IReadOnlyList<string> Audiences(JsonElement claims) => claims.Member("aud") switch
    {
        { ValueKind: JsonValueKind.String } one => [one.GetString()!],
        { ValueKind: JsonValueKind.Array } several =>
            [.. several.EnumerateArray().Where(static audience => audience.ValueKind == JsonValueKind.String).Select(static audience => audience.GetString()!)],
        _ => [],
    };

    /// <summary>It ends, and neither has ended nor begins later.</summary>
    public static bool IsCurrent(JsonElement claims, DateTimeOffset now) =>
        Instant(claims, "exp") is { } end && now < end + Leeway && !(Instant(claims, "nbf") > now + Leeway) && !(Instant(claims, "iat") > now + Leeway);

    /// <summary>As mod_auth_openidc names claims for Keystone: <c>OIDC-sub</c>, <c>HTTP_OIDC_SUB</c> and <c>OIDC_CLAIM_sub</c>.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Name(params ReadOnlySpan<JsonElement> sets)
    {
        var named = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var claims in sets)
        {
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
        }

        return named;
    }

    // Numbers beyond the calendar are no instants.
    private static DateTimeOffset? Instant(JsonElement claims, string name) =>
        claims.Member(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetDouble(out var seconds) && seconds is > 0 and < 253_402_300_799
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds)
            : null;

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number or JsonValueKind.Object => value.GetRawText(),
        JsonValueKind.True => "1",
        JsonValueKind.False => "0",
        _ => null,
    };
}
