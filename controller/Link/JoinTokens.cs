using System.Security.Cryptography;
using System.Text;
using Appliance.Controller.Data;

namespace Appliance.Controller.Link;

/// <summary>
/// One-time tokens that let a machine join the site. Only a hash of the secret is stored. A token for a named node also lets a machine take
/// over that node's place, documents included, after its disk was lost.
/// </summary>
internal static class JoinTokens
{
    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromHours(24);

    /// <summary>Makes a token; the text is shown once and cannot be read again.</summary>
    /// <param name="nodeName">The only node that may use it; null: a new one of any name.</param>
    public static async Task<string> CreateAsync(
        Session tx, string authorityFingerprint, string? nodeName, DateTimeOffset expiresAt, CancellationToken ct)
    {
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        await tx.ExecuteAsync(
            "INSERT INTO join_tokens (secret_hash, node_name, expires_at) VALUES (@hash, @name, @expires)",
            ct, ("hash", Hash(secret)), ("name", nodeName), ("expires", expiresAt));
        return $"{secret}.{authorityFingerprint}";
    }

    public static Task<JoinTokenRow?> FindAsync(Session tx, string secret, CancellationToken ct) => tx.FindAsync(
        "SELECT secret_hash, node_name, expires_at, used_by_key, node_id FROM join_tokens WHERE secret_hash = @hash",
        static row => new JoinTokenRow(
            row.String(0), row.NullableString(1), row.Instant(2), row.NullableString(3), row.NullableString(4)),
        ct, ("hash", Hash(secret)));

    public static Task UseAsync(Session tx, JoinTokenRow token, string keyHash, string nodeId, CancellationToken ct) => tx.ExecuteAsync(
        "UPDATE join_tokens SET used_by_key = @key, node_id = @node WHERE secret_hash = @hash",
        ct, ("hash", token.SecretHash), ("key", keyHash), ("node", nodeId));

    public static Task DeleteExpiredAsync(Session tx, DateTimeOffset now, CancellationToken ct) =>
        tx.ExecuteAsync("DELETE FROM join_tokens WHERE expires_at < @now", ct, ("now", now));

    private static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}

/// <param name="UsedByKey">Hash of the public key that used it; null: unused.</param>
internal sealed record JoinTokenRow(string SecretHash, string? NodeName, DateTimeOffset ExpiresAt, string? UsedByKey, string? NodeId);
