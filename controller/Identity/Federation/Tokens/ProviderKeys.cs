using System.Text.Json;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Identity.Federation.Tokens;

/// <summary>
/// The discovery documents and signing keys of OpenID providers, kept for a while. A key that is not among them makes them be fetched again,
/// but not at once again. While a provider does not answer, what is known of it stays. Source: OpenID Connect Discovery 1.0.
/// </summary>
internal sealed class ProviderKeys(TimeProvider clock)
{
    private static readonly TimeSpan Freshness = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Task<Known>> _byIssuer = new(StringComparer.Ordinal);

    private sealed record Known(DateTimeOffset FetchedAt, ProviderMetadata? Metadata, IReadOnlyList<JsonElement> Keys);

    /// <summary>The keys that can have signed; empty when the issuer was never reached.</summary>
    /// <param name="issuer">One that an administrator named: nobody else makes this controller fetch from somewhere.</param>
    public async Task<IReadOnlyList<JsonElement>> ListAsync(string issuer, string? keyId, CancellationToken ct)
    {
        var known = await FindAsync(issuer, one => HasKey(one, keyId), ct);
        return [.. known.Keys.Where(key => IsNamed(key, keyId))];
    }

    /// <summary>Null: the issuer was never reached, or its document is another issuer's.</summary>
    /// <param name="issuer">As for <see cref="ListAsync"/>.</param>
    public async Task<ProviderMetadata?> FindMetadataAsync(string issuer, CancellationToken ct) =>
        (await FindAsync(issuer, static one => one.Metadata is not null, ct)).Metadata;

    private async Task<Known> FindAsync(string issuer, Func<Known, bool> holds, CancellationToken ct)
    {
        Task<Known>? fetch;
        lock (_lock)
        {
            var known = _byIssuer.TryGetValue(issuer, out fetch) && fetch.IsCompletedSuccessfully ? fetch.Result : null;
            if (fetch is null || (fetch.IsCompleted && !IsGood(known, holds)))
                _byIssuer[issuer] = fetch = FetchAsync(issuer, known);
        }

        return await fetch.WaitAsync(ct);
    }

    private bool IsGood(Known? known, Func<Known, bool> holds)
    {
        if (known is null)
            return false;
        var age = clock.GetUtcNow() - known.FetchedAt;
        return age < Patience || (age < Freshness && holds(known));
    }

    private static bool HasKey(Known known, string? keyId) => known.Keys.Any(key => IsNamed(key, keyId));

    private static bool IsNamed(JsonElement key, string? keyId) => keyId is null || key.StringOrNull("kid") == keyId;

    // For all who wait for it: no one of them calls it off.
    private async Task<Known> FetchAsync(string issuer, Known? known)
    {
        var discovery = await ProviderHttp.GetAsync($"{issuer.TrimEnd('/')}/.well-known/openid-configuration", null, CancellationToken.None);
        if (discovery?.StringOrNull("issuer") == issuer
            && (await ProviderHttp.GetAsync(discovery.Value.StringOrNull("jwks_uri"), null, CancellationToken.None))?.Member("keys")
                is { ValueKind: JsonValueKind.Array } keys)
            return new Known(clock.GetUtcNow(), ProviderMetadata.Read(discovery.Value), [.. keys.EnumerateArray()]);
        return new Known(clock.GetUtcNow(), known?.Metadata, known?.Keys ?? []);
    }
}
