using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Federation.Tokens;

/// <summary>
/// The signing keys of OpenID providers, fetched from where their discovery document says and kept for a while. A key that is not among them
/// makes them be fetched again, but not at once again. While a provider does not answer, those known of it stay. Source: OpenID Connect Discovery 1.0.
/// </summary>
internal sealed class ProviderKeys(TimeProvider clock)
{
    private const int MaxDocumentBytes = 262_144;
    private static readonly TimeSpan Freshness = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly HttpClient Http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        PooledConnectionLifetime = Freshness,
    })
    {
        Timeout = TimeSpan.FromSeconds(5),
        MaxResponseContentBufferSize = MaxDocumentBytes,
    };

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task<Keys>> _byIssuer = new(StringComparer.Ordinal);

    private sealed record Keys(DateTimeOffset FetchedAt, IReadOnlyList<JsonElement> All);

    /// <summary>The keys that can have signed; empty when the issuer was never reached.</summary>
    /// <param name="issuer">One that an administrator named: nobody else makes this controller fetch from somewhere.</param>
    public async Task<IReadOnlyList<JsonElement>> ListAsync(string issuer, string? keyId, CancellationToken ct)
    {
        Task<Keys>? fetch;
        lock (_lock)
        {
            var known = _byIssuer.TryGetValue(issuer, out fetch) && fetch.IsCompletedSuccessfully ? fetch.Result : null;
            if (fetch is null || (fetch.IsCompleted && !IsGood(known, keyId)))
                _byIssuer[issuer] = fetch = FetchAsync(issuer, known);
        }

        var keys = await fetch.WaitAsync(ct);
        return [.. keys.All.Where(key => keyId is null || key.StringOrNull("kid") == keyId)];
    }

    private bool IsGood(Keys? keys, string? keyId)
    {
        if (keys is null)
            return false;
        var age = clock.GetUtcNow() - keys.FetchedAt;
        return age < Patience || (age < Freshness && keys.All.Any(key => keyId is null || key.StringOrNull("kid") == keyId));
    }

    // For all who wait for it: no one of them calls it off.
    private async Task<Keys> FetchAsync(string issuer, Keys? known)
    {
        try
        {
            var discovery = await FetchJsonAsync($"{issuer.TrimEnd('/')}/.well-known/openid-configuration");
            if (discovery?.StringOrNull("issuer") == issuer && discovery.Value.StringOrNull("jwks_uri") is { } place
                && (await FetchJsonAsync(place))?.Member("keys") is { ValueKind: JsonValueKind.Array } keys)
                return new Keys(clock.GetUtcNow(), [.. keys.EnumerateArray()]);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or OperationCanceledException)
        {
            // No answer, or none that can be read, is what the line below is about.
        }

        return new Keys(clock.GetUtcNow(), known?.All ?? []);
    }

    // Without encryption only on this machine.
    private static async Task<JsonElement?> FetchJsonAsync(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || !(address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)))
            return null;
        var bytes = await Http.GetByteArrayAsync(address);
        using var document = JsonDocument.Parse(bytes);
        return document.RootElement.Clone();
    }
}
