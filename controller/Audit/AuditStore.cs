using System.Security.Cryptography;
using Appliance.Controller.Data;

namespace Appliance.Controller.Audit;

/// <summary>Reads of the change log as the audit trail needs them, and what the trail itself remembers: the site's number and how far the file is.</summary>
internal sealed class AuditStore(Database database)
{
    public static readonly ComponentSchema Tables = new("audit",
    [
        "CREATE TABLE audit_state (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
    ]);

    private const string SiteName = "site";
    private const string ExportedName = "exported";

    /// <summary>Random; the same for ever: part of every event's id.</summary>
    public ulong Site { get; private set; }

    public async Task LoadAsync(CancellationToken ct)
    {
        var random = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
        Site = (ulong)await database.WriteAsync(async (tx, token) =>
        {
            await tx.ExecuteAsync("INSERT INTO audit_state (name, value) VALUES (@name, @value) ON CONFLICT DO NOTHING", token, ("name", SiteName), ("value", random));
            return await ReadAsync(tx, SiteName, token);
        }, ct);
    }

    public Task<LoggedChange?> FindAsync(long sequence, CancellationToken ct) => database.ReadAsync((tx, token) => tx.FindAsync(
        $"SELECT {ChangeLog.Columns} FROM change_log WHERE sequence = @sequence", ChangeLog.Map, token, ("sequence", sequence)), ct);

    public Task<List<LoggedChange>> ListAsync(AuditQuery query, int limit, CancellationToken ct) => database.ReadAsync((tx, token) => tx.ListAsync(
        $"SELECT {ChangeLog.Columns} FROM change_log WHERE {query.Conditions} ORDER BY sequence {(query.IsAscending ? "ASC" : "DESC")} LIMIT @rows",
        ChangeLog.Map, token, [.. query.Parameters, ("rows", (long)limit)]), ct);

    public Task<List<LoggedChange>> ListAfterAsync(long sequence, int limit, CancellationToken ct) =>
        database.ReadAsync((tx, token) => ChangeLog.ListAfterAsync(tx, sequence, limit, token), ct);

    /// <summary>The last event that is in the file; 0 before the first.</summary>
    public Task<long> ReadExportedAsync(CancellationToken ct) => database.ReadAsync((tx, token) => ReadAsync(tx, ExportedName, token), ct);

    public Task SetExportedAsync(long sequence, CancellationToken ct) => database.WriteAsync((tx, token) => tx.ExecuteAsync(
        "INSERT INTO audit_state (name, value) VALUES (@name, @value) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        token, ("name", ExportedName), ("value", sequence)), ct);

    /// <summary>Deletes the oldest authentications beyond the newest <paramref name="kept"/>, at most so many at a time.</summary>
    /// <param name="until">None after this one.</param>
    /// <returns>How many went.</returns>
    public async Task<int> DeleteAuthenticationsAsync(int kept, long until, int atMost, CancellationToken ct)
    {
        var oldestKept = await database.ReadAsync((tx, token) => tx.CountAsync(
            "SELECT sequence FROM change_log WHERE action = @action ORDER BY sequence DESC LIMIT 1 OFFSET @kept",
            token, ("action", Change.Authenticate), ("kept", (long)kept)), ct);
        if (oldestKept == 0)
            return 0;
        return await database.WriteAsync((tx, token) => tx.ExecuteAsync(
            """
            DELETE FROM change_log WHERE sequence IN (
                SELECT sequence FROM change_log WHERE action = @action AND sequence <= @until ORDER BY sequence LIMIT @rows)
            """, token, ("action", Change.Authenticate), ("until", Math.Min(oldestKept, until)), ("rows", (long)atMost)), ct);
    }

    private static Task<long> ReadAsync(Session tx, string name, CancellationToken ct) =>
        tx.CountAsync("SELECT value FROM audit_state WHERE name = @name", ct, ("name", name));
}
