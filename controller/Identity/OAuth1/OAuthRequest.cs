using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.OAuth1;

/// <summary>
/// A request signed by OAuth 1.0a in its <c>Authorization</c> header, HMAC-SHA1 or HMAC-SHA256. Source: RFC 5849; keystone/oauth1/core.py.
/// </summary>
internal sealed class OAuthRequest
{
    // How far clocks may be apart; oauthlib's default.
    private static readonly TimeSpan TimestampLifetime = TimeSpan.FromSeconds(600);

    private static readonly string[] Mandatory = ["oauth_consumer_key", "oauth_nonce", "oauth_signature", "oauth_signature_method", "oauth_timestamp"];

    private readonly Dictionary<string, string> _parameters;
    private readonly string _method;
    private readonly string _url;
    private readonly List<(string Name, string Value)> _query;

    private OAuthRequest(Dictionary<string, string> parameters, string method, string url, List<(string Name, string Value)> query) =>
        (_parameters, _method, _url, _query) = (parameters, method, url, query);

    public string? ConsumerKey => Find("oauth_consumer_key");
    public string? Token => Find("oauth_token");
    public string? Verifier => Find("oauth_verifier");

    /// <param name="baseUrl">Scheme and host that the client signed for.</param>
    public static Outcome<OAuthRequest> Read(HttpRequest request, string baseUrl)
    {
        if (!AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var header)
            || !header.Scheme.Equals("OAuth", StringComparison.OrdinalIgnoreCase) || header.Parameter is not { } text)
            return IdentityFaults.Expecting("oauth_consumer_key", "request");
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in text.Split(','))
        {
            if (part.Trim().Split('=', 2) is not [var name, var value] || value.Length < 2 || value[0] != '"' || value[^1] != '"')
                return IdentityFaults.Invalid("Malformed authorization header");
            if (!parameters.TryAdd(Uri.UnescapeDataString(name), Uri.UnescapeDataString(value[1..^1])))
                return IdentityFaults.Invalid("Malformed authorization header");
        }

        var query = request.Query.SelectMany(static pair => pair.Value.Select(value => (pair.Key, value ?? ""))).ToList();
        return new OAuthRequest(parameters, request.Method, baseUrl + request.Path, query);
    }

    /// <summary>Whether all that a signed request has is there and of the present. Words as oauthlib's.</summary>
    public Fault? CheckForm(DateTimeOffset now)
    {
        if (Mandatory.Any(name => string.IsNullOrEmpty(Find(name))))
            return Invalid("invalid_request", "Missing mandatory OAuth parameters.");
        if (Find("oauth_version") is { } version && version != "1.0")
            return Invalid("invalid_request", "Invalid OAuth version.");
        if (Find("oauth_signature_method") is not ("HMAC-SHA1" or "HMAC-SHA256"))
            return Invalid("invalid_signature_method", $"Invalid signature, {Find("oauth_signature_method")} not supported.");
        if (!long.TryParse(Find("oauth_timestamp"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return Invalid("invalid_request", "Invalid timestamp size");
        return Math.Abs(now.ToUnixTimeSeconds() - seconds) > TimestampLifetime.TotalSeconds
            ? Invalid("invalid_request", $"Timestamp given is invalid, differ from allowed by over {TimestampLifetime.TotalSeconds} seconds.")
            : null;
    }

    /// <summary>Whether it is signed with both secrets; takes as long when it is not.</summary>
    public bool IsSignedWith(string consumerSecret, string tokenSecret)
    {
        var key = Encoding.ASCII.GetBytes($"{Escape(consumerSecret)}&{Escape(tokenSecret)}");
        var text = Encoding.ASCII.GetBytes(BaseString());
        var expected = Find("oauth_signature_method") == "HMAC-SHA256" ? HMACSHA256.HashData(key, text) : Sha1(key, text);
        return CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(Convert.ToBase64String(expected)), Encoding.UTF8.GetBytes(Find("oauth_signature") ?? ""));
    }

    // The RFC names SHA-1, keyed, which its weakness does not touch.
#pragma warning disable CA5350
    private static byte[] Sha1(byte[] key, byte[] text) => HMACSHA1.HashData(key, text);
#pragma warning restore CA5350

    // RFC 5849, 3.4.1.
    private string BaseString()
    {
        var pairs = _parameters.Where(static pair => pair.Key is not "realm" and not "oauth_signature").Select(static pair => (pair.Key, pair.Value))
            .Concat(_query).Select(static pair => (Name: Escape(pair.Item1), Value: Escape(pair.Item2)))
            .OrderBy(static pair => pair.Name, StringComparer.Ordinal).ThenBy(static pair => pair.Value, StringComparer.Ordinal)
            .Select(static pair => $"{pair.Name}={pair.Value}");
        return $"{_method}&{Escape(NormalUrl())}&{Escape(string.Join('&', pairs))}";
    }

    // Lower-case scheme and host, and the port unless it is the scheme's own.
    private string NormalUrl()
    {
        var url = new Uri(_url);
        return url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
    }

    private string? Find(string name) => _parameters.GetValueOrDefault(name);

    private static string Escape(string text) => Uri.EscapeDataString(text);

    private static Fault Invalid(string error, string description) =>
        IdentityFaults.Invalid($"Validation failed with errors: {error}, detail message is: {description}.");
}
