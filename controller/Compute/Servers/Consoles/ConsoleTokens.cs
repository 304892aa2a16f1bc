using System.Security.Cryptography;
using System.Text;
using Appliance.Controller.Data;

namespace Appliance.Controller.Compute.Servers.Consoles;

/// <summary>
/// Permissions to open one server's console, valid for a short time (nova/objects/console_auth_token.py). Whoever has the text may use it, so
/// only its hash is stored.
/// </summary>
internal static class ConsoleTokens
{
    /// <summary>Nova's default <c>[consoleauth] token_ttl</c>.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    public static readonly ComponentSchema Schema = new("compute_console_tokens",
    [
        "CREATE TABLE console_tokens (hash TEXT PRIMARY KEY, server_id TEXT NOT NULL, expires_at BIGINT NOT NULL)",
    ]);

    public static async Task<string> CreateAsync(Session tx, string serverId, DateTimeOffset now, CancellationToken ct)
    {
        var token = new Guid(RandomNumberGenerator.GetBytes(16)).ToString();
        await tx.ExecuteAsync("DELETE FROM console_tokens WHERE expires_at < @now", ct, ("now", now));
        await tx.ExecuteAsync("INSERT INTO console_tokens (hash, server_id, expires_at) VALUES (@hash, @server, @expires)", ct,
            ("hash", Hash(token)), ("server", serverId), ("expires", now + Lifetime));
        return token;
    }

    /// <summary>The server a token opens; null when it is unknown or has expired.</summary>
    public static Task<string?> FindServerIdAsync(Session tx, string token, DateTimeOffset now, CancellationToken ct) => tx.FindAsync(
        "SELECT server_id FROM console_tokens WHERE hash = @hash AND expires_at >= @now", static row => row.NullableString(0), ct,
        ("hash", Hash(token)), ("now", now));

    private static string Hash(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
