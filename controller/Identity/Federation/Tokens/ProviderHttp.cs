using System.Net.Http.Headers;
using System.Text.Json;

namespace Appliance.Controller.Identity.Federation.Tokens;

/// <summary>
/// Requests to OpenID providers, at addresses that an administrator or the provider itself named. Without encryption only on this machine; no
/// redirects, no large answers, no long waits.
/// </summary>
internal static class ProviderHttp
{
    private const int MaxDocumentBytes = 262_144;

    private static readonly HttpClient Client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
    })
    {
        Timeout = TimeSpan.FromSeconds(20),
        MaxResponseContentBufferSize = MaxDocumentBytes,
    };

    /// <summary>Whether secrets may go to the address: <c>https</c>, or this machine.</summary>
    public static bool IsSafe(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var address)
        && (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback));

    /// <param name="bearer">Shown to the provider; null: nothing is.</param>
    /// <returns>The JSON that was answered; null: none that can be read, or with an error status.</returns>
    public static Task<JsonElement?> GetAsync(string? url, string? bearer, CancellationToken ct) => SendAsync(HttpMethod.Get, url, null,
        bearer is null ? null : new AuthenticationHeaderValue("Bearer", bearer), ct);

    /// <returns>As for <see cref="GetAsync"/>.</returns>
    public static Task<JsonElement?> PostAsync(
        string? url, IEnumerable<KeyValuePair<string, string>> form, AuthenticationHeaderValue? authorization, CancellationToken ct) =>
        SendAsync(HttpMethod.Post, url, new FormUrlEncodedContent(form), authorization, ct);

    private static async Task<JsonElement?> SendAsync(
        HttpMethod method, string? url, HttpContent? content, AuthenticationHeaderValue? authorization, CancellationToken ct)
    {
        if (!IsSafe(url))
            return null;
        using var request = new HttpRequestMessage(method, url) { Content = content };
        request.Headers.Authorization = authorization;
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        try
        {
            using var response = await Client.SendAsync(request, ct);
            if (!response.IsSuccessStatusCode)
                return null;
            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(ct));
            return document.RootElement.Clone();
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return null;
        }
    }
}
