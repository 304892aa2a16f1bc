using System.Collections.Concurrent;
using Appliance.Controller.Data;

namespace Appliance.Controller.Identity.Tokens;

/// <summary>Tokens revoked one by one, by audit id. Rows are durable, memory answers; each is dropped once its token has expired anyway.</summary>
internal sealed class Revocations(IdentityDatabase database, TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> _revoked = new(StringComparer.Ordinal);

    public bool Contains(string auditId) => !_revoked.IsEmpty && _revoked.ContainsKey(auditId);

    /// <summary>Effective when it returns; repeating it changes nothing.</summary>
    public async Task AddAsync(Token token, Actor actor, CancellationToken ct)
    {
        var until = token.ExpiresAt + TokenValidator.AllowExpiredWindow;
        await database.WriteAsync(async (tx, inner) =>
        {
            await tx.ExecuteAsync("INSERT INTO identity_revocations (audit_id, expires_at, revoked_at) VALUES (@id, @until, @now) ON CONFLICT (audit_id) DO NOTHING",
                inner, ("id", token.AuditId), ("until", until), ("now", clock.GetUtcNow()));
            await database.LogAsync(tx, actor, "token", token.AuditId, "revoke", inner);
            tx.AfterCommit(() => _revoked[token.AuditId] = until);
        }, ct);
    }

    /// <summary>Forgets revocations of tokens that have expired, and reads the others.</summary>
    public async Task LoadAsync(CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await database.WriteAsync((tx, token) => tx.ExecuteAsync("DELETE FROM identity_revocations WHERE expires_at < @now", token, ("now", now)), ct);
        var rows = await database.ReadAsync((tx, token) => tx.ListAsync(
            "SELECT audit_id, expires_at FROM identity_revocations", static row => (Id: row.String(0), Until: row.Instant(1)), token), ct);
        foreach (var (id, until) in rows)
            _revoked[id] = until;
        foreach (var (id, until) in _revoked)
        {
            if (until < now)
                _revoked.TryRemove(id, out _);
        }
    }
}
