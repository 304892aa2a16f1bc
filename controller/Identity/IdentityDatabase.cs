using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Identity;

/// <summary>
/// The database as Identity uses it: every change forgets what was kept in memory for validating tokens, before the call that made the
/// change returns. That is what makes a revoked role or a disabled user effective at once.
/// </summary>
internal sealed class IdentityDatabase(Database database, ChangeLog changes)
{
    public IdentityCache Cache { get; } = new(database);

    public Task<T> ReadAsync<T>(Func<Session, CancellationToken, Task<T>> read, CancellationToken ct) => database.ReadAsync(read, ct);

    public Task WriteAsync(Func<Session, CancellationToken, Task> write, CancellationToken ct) =>
        database.WriteAsync(async (tx, token) =>
        {
            await write(tx, token);
            tx.AfterCommit(Cache.Forget);       // last: whatever else the commit changes in memory comes before the new generation
        }, ct);

    /// <summary>A change of rows that nothing in memory stems from, such as counts of failed logins.</summary>
    public Task WriteUncachedAsync(Func<Session, CancellationToken, Task> write, CancellationToken ct) => database.WriteAsync(write, ct);

    /// <summary>One transaction, rolled back when the outcome is a fault.</summary>
    public Task<Outcome<T>> TryWriteAsync<T>(Func<Session, CancellationToken, Task<Outcome<T>>> write, CancellationToken ct) =>
        database.TryWriteAsync(async (tx, token) =>
        {
            var outcome = await write(tx, token);
            tx.AfterCommit(Cache.Forget);
            return outcome;
        }, ct);

    /// <summary>One transaction, rolled back when there is a fault.</summary>
    public Task<Fault?> TryWriteAsync(Func<Session, CancellationToken, Task<Fault?>> write, CancellationToken ct) =>
        database.TryWriteAsync(async (tx, token) =>
        {
            var fault = await write(tx, token);
            tx.AfterCommit(Cache.Forget);
            return fault;
        }, ct);

    /// <summary>Appends to the change log; no secrets in <paramref name="detail"/>.</summary>
    public Task LogAsync(Session tx, Actor actor, string resourceType, string id, string action, CancellationToken ct, string? detail = null) =>
        changes.AppendAsync(tx, actor, new Change("keystone", resourceType, id, null, action, detail), ct);
}
