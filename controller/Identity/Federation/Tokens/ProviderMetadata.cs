using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Federation.Tokens;

/// <summary>What a web login needs of a provider's discovery document. Source: OpenID Connect Discovery 1.0, 3.</summary>
/// <param name="AuthorizationEndpoint">Where browsers are sent to; null: none that is safe.</param>
/// <param name="UserInfoEndpoint">Null: all claims are in the token.</param>
/// <param name="TakesBasic">The client shows its secret in the header; else in the form.</param>
internal sealed record ProviderMetadata(string? AuthorizationEndpoint, string? TokenEndpoint, string? UserInfoEndpoint, bool TakesBasic)
{
    public static ProviderMetadata Read(JsonElement discovery)
    {
        var methods = discovery.Member("token_endpoint_auth_methods_supported") is { ValueKind: JsonValueKind.Array } given
            ? [.. given.EnumerateArray().Where(static method => method.ValueKind == JsonValueKind.String).Select(static method => method.GetString()!)]
            : Array.Empty<string>();
        return new ProviderMetadata(
            Safe(discovery, "authorization_endpoint"), Safe(discovery, "token_endpoint"), Safe(discovery, "userinfo_endpoint"),
            methods.Length == 0 || methods.Contains("client_secret_basic"));
    }

    private static string? Safe(JsonElement discovery, string name) =>
        discovery.StringOrNull(name) is { } url && ProviderHttp.IsSafe(url) ? url : null;
}
