using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Appliance.Controller.Identity.Passwords;

/// <summary>
/// Checks passwords. One that was right a moment ago is recognised by its HMAC under a key of this process, bound to the stored hash, so
/// that scripts that log in again and again cost microseconds; a new hash makes the old entry worthless. Wrong ones always pay in full.
/// </summary>
internal sealed class PasswordVerifier
{
    // 32 bytes and an id each. When full, everything is forgotten: the next login of each pays once.
    private const int MaxEntries = 8_192;

    private readonly byte[] _processKey = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, byte[]> _recent = new(StringComparer.Ordinal);
    private int _count;

    /// <param name="userId">Null with a null hash: nobody, and it takes as long as somebody.</param>
    public async ValueTask<bool> CheckAsync(string? userId, string? storedHash, string password, CancellationToken ct)
    {
        if (userId is null || storedHash is null)
            return await PasswordHasher.VerifyAsync(password, null, ct);

        var mac = ComputeMac(storedHash, password);
        if (_recent.TryGetValue(userId, out var known) && CryptographicOperations.FixedTimeEquals(known, mac))
            return true;
        if (!await PasswordHasher.VerifyAsync(password, storedHash, ct))
            return false;

        Keep(userId, mac);
        return true;
    }

    private void Keep(string userId, byte[] mac)
    {
        if (Interlocked.Increment(ref _count) > MaxEntries)
        {
            _recent.Clear();
            Volatile.Write(ref _count, 1);
        }

        _recent[userId] = mac;
    }

    // The hash has a fixed form without NUL, so hash and password cannot run into each other.
    private byte[] ComputeMac(string storedHash, string password) =>
        HMACSHA256.HashData(_processKey, Encoding.UTF8.GetBytes($"{storedHash}\0{password}"));
}
