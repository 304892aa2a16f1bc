using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Appliance.Controller.Data;

/// <summary>One engine connection with its prepared commands, used by one session at a time.</summary>
internal sealed class Connection(SqliteConnection sqlite) : IDisposable, IAsyncDisposable
{
    // SQL texts are constants of the product plus a few composed list filters; past this the oldest plans are dropped.
    private const int MaxPrepared = 256;

    private readonly Dictionary<string, DbCommand> _prepared = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    public DbTransaction Begin(bool deferred) => sqlite.BeginTransaction(deferred);

    /// <summary>Lends the prepared command for <paramref name="sql"/>; a nested use of the same text gets one of its own.</summary>
    public DbCommand Rent(string sql)
    {
        if (_prepared.Remove(sql, out var command))
            return command;

        command = sqlite.CreateCommand();
        command.CommandText = sql;
        return command;
    }

    public void Return(DbCommand command)
    {
        command.Parameters.Clear();
        command.Transaction = null;
        if (!_prepared.TryAdd(command.CommandText, command))
        {
            command.Dispose();
            return;
        }

        _order.Enqueue(command.CommandText);
        while (_order.Count > MaxPrepared)
        {
            if (_prepared.Remove(_order.Dequeue(), out var oldest))
                oldest.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var command in _prepared.Values)
            command.Dispose();
        sqlite.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
