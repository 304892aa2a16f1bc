using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Federation.WebLogins;

/// <summary>
/// A web login between its beginning and its end, kept by the browser in a sealed cookie: any controller of the site can end it, and none
/// remembers it. It opens only together with the <c>state</c> that the provider hands back, so that nobody can end a login in another's browser.
/// </summary>
/// <param name="State">Goes to the provider and back, in the open.</param>
/// <param name="RedirectUri">Where the provider sends the browser back to.</param>
/// <param name="Nonce">Comes back within the provider's token. OpenID Connect Core 1.0, 3.1.2.1.</param>
/// <param name="Verifier">Proves that who redeems the code is who asked for it. RFC 7636.</param>
internal sealed record WebLoginState(
    string State, string ProviderId, string ProtocolId, string Origin, string RedirectUri, string Nonce, string Verifier, DateTimeOffset ExpiresAt)
{
    /// <summary>As long as somebody may take to log in at the provider.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private const int RandomBytes = 32;

    public static WebLoginState Begin(string providerId, string protocolId, string origin, string redirectUri, DateTimeOffset now) =>
        new(NewText(), providerId, protocolId, origin, redirectUri, NewText(), NewText(), now + Lifetime);

    /// <summary><c>S256</c> of the verifier.</summary>
    public string Challenge => Base64Url.EncodeToString(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(Verifier)));

    /// <summary>One cookie a login, so that several can go on side by side. Null: no state that is one of ours.</summary>
    public static string? CookieName(string state) => state.Length >= 16 && Base64Url.IsValid(state) ? $"websso_{state[..16]}" : null;

    public string Seal(SiteSecret secret)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("provider", ProviderId);
            writer.WriteString("protocol", ProtocolId);
            writer.WriteString("origin", Origin);
            writer.WriteString("redirect", RedirectUri);
            writer.WriteString("nonce", Nonce);
            writer.WriteString("verifier", Verifier);
            writer.WriteNumber("expires", ExpiresAt.ToUnixTimeSeconds());
            writer.WriteEndObject();
        }

        return secret.Seal(buffer.WrittenSpan, Purpose(State));
    }

    /// <summary>Null: sealed by nobody here, for another state, or too long ago.</summary>
    public static WebLoginState? Open(SiteSecret secret, string? cookie, string state, DateTimeOffset now)
    {
        if (cookie is null || secret.TryOpen(cookie, Purpose(state)) is not { } plain)
            return null;
        using var document = JsonDocument.Parse(plain);
        var root = document.RootElement;
        var expires = DateTimeOffset.FromUnixTimeSeconds(root.Int64OrNull("expires") ?? 0);
        return now < expires
            ? new WebLoginState(
                state, root.StringOrNull("provider")!, root.StringOrNull("protocol")!, root.StringOrNull("origin")!, root.StringOrNull("redirect")!,
                root.StringOrNull("nonce")!, root.StringOrNull("verifier")!, expires)
            : null;
    }

    private static string Purpose(string state) => $"websso {state}";

    private static string NewText() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));
}
