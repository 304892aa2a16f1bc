using System.Security.Cryptography;
using System.Text;
using NSec.Cryptography;

namespace Appliance.Controller.Identity.Passwords;

/// <summary>
/// Argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane), stored in the PHC text form
/// <c>$argon2id$v=19$m=19456,t=2,p=1$salt$hash</c>. The number of hashes under way is bounded: each takes its memory while it runs.
/// </summary>
internal static class PasswordHasher
{
    private const int MemoryKiB = 19_456;
    private const int Passes = 2;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    private static readonly string Prefix = $"$argon2id$v=19$m={MemoryKiB},t={Passes},p=1$";

    private static readonly PasswordBasedKeyDerivationAlgorithm Argon2id = PasswordBasedKeyDerivationAlgorithm.Argon2id(
        new Argon2Parameters { DegreeOfParallelism = 1, MemorySize = MemoryKiB, NumberOfPasses = Passes });

    // Of the process: what it bounds is the process's memory.
    private static readonly SemaphoreSlim Turns = new(Environment.ProcessorCount, Environment.ProcessorCount);

    /// <summary>Hashes with a fresh salt.</summary>
    public static async Task<string> HashAsync(string password, CancellationToken ct)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        var hash = await DeriveAsync(password, salt, ct);
        return $"{Prefix}{Convert.ToBase64String(salt).TrimEnd('=')}${Convert.ToBase64String(hash).TrimEnd('=')}";
    }

    /// <summary>Whether the password made the hash; takes as long for a null or unreadable hash, so that nobody learns which users exist.</summary>
    public static async Task<bool> VerifyAsync(string password, string? stored, CancellationToken ct)
    {
        var (salt, expected) = Parse(stored);
        var actual = await DeriveAsync(password, salt ?? new byte[SaltBytes], ct);
        return expected is not null && CryptographicOperations.FixedTimeEquals(actual, expected);
    }

    private static async Task<byte[]> DeriveAsync(string password, byte[] salt, CancellationToken ct)
    {
        await Turns.WaitAsync(ct);
        try
        {
            // Some 25 ms of pure computation: off the thread that serves the connection.
            return await Task.Run(() => Argon2id.DeriveBytes(Encoding.UTF8.GetBytes(password), salt, HashBytes), ct);
        }
        finally
        {
            Turns.Release();
        }
    }

    private static (byte[]? Salt, byte[]? Hash) Parse(string? stored)
    {
        if (stored?.StartsWith(Prefix, StringComparison.Ordinal) != true || stored[Prefix.Length..].Split('$') is not [var salt, var hash])
            return (null, null);
        return (FromBase64(salt), FromBase64(hash));
    }

    private static byte[] FromBase64(string text) => Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
}
