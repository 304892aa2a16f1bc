using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Keypairs;

/// <summary>Rows of key pairs. Private keys are never stored.</summary>
internal sealed class KeypairStore(Database database, ChangeLog changes, TimeProvider clock)
{
    /// <summary>Nova's default quota <c>key_pairs</c>, per user.</summary>
    public const int MaxPerUser = 100;

    private const string Columns = "number, user_id, name, type, public_key, fingerprint, created_at";

    public static readonly ComponentSchema Schema = new("compute_keypairs",
    [
        """
        CREATE TABLE keypairs (
            number {identity}, user_id TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, public_key TEXT NOT NULL,
            fingerprint TEXT NOT NULL, created_at BIGINT NOT NULL, UNIQUE (user_id, name));
        """,
    ]);

    public Task<List<Keypair>> ListAsync(string userId, CancellationToken ct) => database.ReadAsync((tx, token) =>
        tx.ListAsync($"SELECT {Columns} FROM keypairs WHERE user_id = @user ORDER BY name", Map, token, ("user", userId)), ct);

    public Task<Keypair?> FindAsync(string userId, string name, CancellationToken ct) =>
        database.ReadAsync((tx, token) => FindAsync(tx, userId, name, token), ct);

    public static Task<Keypair?> FindAsync(Session tx, string userId, string name, CancellationToken ct) =>
        tx.FindAsync($"SELECT {Columns} FROM keypairs WHERE user_id = @user AND name = @name", Map, ct, ("user", userId), ("name", name));

    public Task<Outcome<Keypair>> CreateAsync(
        Actor actor, string userId, string name, string type, string publicKey, string fingerprint, CancellationToken ct) =>
        database.TryWriteAsync<Keypair>(async (tx, token) =>
        {
            if (await FindAsync(tx, userId, name, token) is not null)
                return ComputeFaults.Conflict($"Key pair '{name}' already exists.");
            if (await tx.CountAsync("SELECT COUNT(*) FROM keypairs WHERE user_id = @user", token, ("user", userId)) >= MaxPerUser)
                return new Fault(FaultKind.OverQuota, "Quota exceeded, too many key pairs.");

            await tx.ExecuteAsync(
                """
                INSERT INTO keypairs (user_id, name, type, public_key, fingerprint, created_at)
                VALUES (@user, @name, @type, @key, @fingerprint, @at)
                """,
                token, ("user", userId), ("name", name), ("type", type), ("key", publicKey), ("fingerprint", fingerprint),
                ("at", clock.GetUtcNow()));
            await changes.AppendAsync(tx, actor, new Change("nova", "keypair", name, actor.ProjectId, "create"), token);
            return (await FindAsync(tx, userId, name, token))!;
        }, ct);

    public Task<Fault?> DeleteAsync(Actor actor, string userId, string name, CancellationToken ct) => database.TryWriteAsync(async (tx, token) =>
    {
        if (await tx.ExecuteAsync("DELETE FROM keypairs WHERE user_id = @user AND name = @name", token, ("user", userId), ("name", name)) == 0)
            return Missing(userId, name);
        await changes.AppendAsync(tx, actor, new Change("nova", "keypair", name, actor.ProjectId, "delete"), token);
        return (Fault?)null;
    }, ct);

    public static Fault Missing(string userId, string name) => ComputeFaults.NotFound($"Keypair {name} not found for user {userId}");

    private static Keypair Map(Row row) => new(
        row.Int64(0), row.String(1), row.String(2), row.String(3), row.String(4), row.String(5), row.Instant(6));
}
