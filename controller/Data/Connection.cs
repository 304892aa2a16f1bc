using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Appliance.Controller.Data;

/// <summary>One engine connection with its prepared commands, used by one session at a time.</summary>
internal sealed class Connection(SqliteConnection sqlite) : IDisposable, IAsyncDisposable
{
    // SQL texts are constants of the product plus a few composed list filters; past this the one that was idle longest is dropped.
    private const int MaxPrepared = 256;

    private readonly Dictionary<string, Idle> _prepared = new(StringComparer.Ordinal);
    private long _returns;

    public DbTransaction Begin(bool deferred) => sqlite.BeginTransaction(deferred);

    /// <summary>Lends the prepared command for <paramref name="sql"/>; a nested use of the same text gets one of its own.</summary>
    public DbCommand Rent(string sql)
    {
        if (_prepared.Remove(sql, out var idle))
            return idle.Command;

        var command = sqlite.CreateCommand();
        command.CommandText = sql;
        return command;
    }

    public void Return(DbCommand command)
    {
        command.Transaction = null;
        if (!_prepared.TryAdd(command.CommandText, new Idle(command, ++_returns)))
            command.Dispose();
        else if (_prepared.Count > MaxPrepared)
            DropLongestIdle();
    }

    private void DropLongestIdle()
    {
        var longest = _prepared.Values.MinBy(static idle => idle.Since);
        _prepared.Remove(longest.Command.CommandText);
        longest.Command.Dispose();
    }

    // Since: how many commands had been returned when this one was.
    private readonly record struct Idle(DbCommand Command, long Since);

    public void Dispose()
    {
        foreach (var idle in _prepared.Values)
            idle.Command.Dispose();
        sqlite.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
