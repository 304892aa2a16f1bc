using System.Collections.Concurrent;
using System.Security.Cryptography;
using Appliance.Controller.Data;

namespace Appliance.Controller.Identity.Tokens;

/// <summary>
/// The keys tokens are sealed with. The newest seals; older ones open until every token they sealed has expired. They lie in the
/// database, sealed with the site's secret, so that a stolen database file makes no tokens.
/// </summary>
internal sealed class TokenKeyRing(IdentityDatabase database, Lazy<SiteSecret> secret, TimeProvider clock)
{
    // AES-GCM with random nonces is safe for 2^32 messages a key; a day of the fastest issuing stays far below.
    private static readonly TimeSpan PrimaryLifetime = TimeSpan.FromDays(1);

    // Longest a token can be shown after it was sealed: its lifetime and the window in which services may present expired ones.
    private static readonly TimeSpan OpeningLifetime = PrimaryLifetime + TokenIssuer.Lifetime + TokenValidator.AllowExpiredWindow;

    private TokenKey[] _keys = [];

    /// <exception cref="InvalidOperationException">Called before <see cref="RotateAsync"/> ran once.</exception>
    public TokenKey Primary => _keys is [.., var newest] ? newest : throw new InvalidOperationException("no token key: Identity has not started");

    public TokenKey? Find(uint id)
    {
        foreach (var key in _keys)
        {
            if (key.Id == id)
                return key;
        }

        return null;
    }

    /// <summary>Makes a new primary key when the present one is old or missing, and drops keys nothing can need; safe to repeat.</summary>
    public async Task RotateAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await database.WriteAsync(async (tx, token) =>
        {
            await tx.ExecuteAsync("DELETE FROM identity_token_keys WHERE created_at < @oldest", token, ("oldest", now - OpeningLifetime));
            var newest = await tx.FindAsync("SELECT id, created_at FROM identity_token_keys ORDER BY id DESC LIMIT 1",
                static row => (Id: row.Int64(0), CreatedAt: row.Instant(1)), token);
            if (newest.Id == 0 || now - newest.CreatedAt >= PrimaryLifetime)
                await InsertAsync(tx, newest.Id + 1, now, token);
        }, ct);
        await LoadAsync(ct);
    }

    private async Task InsertAsync(Session tx, long id, DateTimeOffset now, CancellationToken ct)
    {
        var key = RandomNumberGenerator.GetBytes(TokenKey.Bytes);
        await tx.ExecuteAsync("INSERT INTO identity_token_keys (id, sealed_key, created_at) VALUES (@id, @key, @now)",
            ct, ("id", id), ("key", secret.Value.Seal(key, $"token-key {id}")), ("now", now));
        CryptographicOperations.ZeroMemory(key);
    }

    private async Task LoadAsync(CancellationToken ct)
    {
        var rows = await database.ReadAsync((tx, token) => tx.ListAsync(
            "SELECT id, sealed_key FROM identity_token_keys ORDER BY id", static row => (Id: row.Int64(0), Sealed: row.String(1)), token), ct);
        var known = _keys;
        _keys = [.. rows.Select(row => known.FirstOrDefault(key => key.Id == row.Id)
            ?? new TokenKey((uint)row.Id, secret.Value.Open(row.Sealed, $"token-key {row.Id}")))];
    }
}

/// <summary>One key of the ring, with ciphers lent one user at a time: OpenSSL's contexts are not shareable.</summary>
internal sealed class TokenKey(uint id, byte[] key)
{
    public const int Bytes = 32;
    public const int TagBytes = 16;

    private readonly ConcurrentBag<AesGcm> _idle = [];

    public uint Id => id;

    public void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plain, Span<byte> sealedBytes, Span<byte> tag, ReadOnlySpan<byte> bound)
    {
        var cipher = Rent();
        cipher.Encrypt(nonce, plain, sealedBytes, tag, bound);
        _idle.Add(cipher);
    }

    /// <summary>False: not sealed with this key, or changed since.</summary>
    public bool TryDecrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> tag, Span<byte> plain, ReadOnlySpan<byte> bound)
    {
        var cipher = Rent();
        try
        {
            cipher.Decrypt(nonce, sealedBytes, tag, plain, bound);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        finally
        {
            _idle.Add(cipher);
        }
    }

    private AesGcm Rent() => _idle.TryTake(out var cipher) ? cipher : new AesGcm(key, TagBytes);
}
