using System.Data.Common;
using System.Runtime.CompilerServices;

namespace Appliance.Controller.Data;

/// <summary>A named value of a statement: <c>("id", id)</c> binds <c>@id</c>. Strings, integers, byte arrays, doubles and null.</summary>
internal readonly record struct Parameter(string Name, object? Value)
{
    public static implicit operator Parameter((string Name, object? Value) pair) => new(pair.Name, pair.Value);
}

/// <summary>
/// One transaction on one connection. SQL is constant text with named parameters; booleans are stored as 0/1, instants as
/// <see cref="Instants"/>, documents as JSON text.
/// </summary>
internal sealed class Session : IAsyncDisposable
{
    private readonly Connection _connection;
    private readonly DbTransaction _transaction;
    private readonly List<Action> _afterCommit = [];

    internal Session(Connection connection, DbTransaction transaction)
    {
        _connection = connection;
        _transaction = transaction;
    }

    /// <summary>Runs a statement; answers the number of rows it changed.</summary>
    public Task<int> ExecuteAsync(string sql, CancellationToken ct, params ReadOnlySpan<Parameter> parameters)
    {
        var command = Bind(sql, parameters);
        return RunAsync(this, command, ct);

        static async Task<int> RunAsync(Session session, DbCommand command, CancellationToken ct)
        {
            try
            {
                return await command.ExecuteNonQueryAsync(ct);
            }
            finally
            {
                session._connection.Return(command);
            }
        }
    }

    /// <summary>All rows, in order.</summary>
    public Task<List<T>> ListAsync<T>(string sql, Func<Row, T> map, CancellationToken ct, params ReadOnlySpan<Parameter> parameters)
    {
        var command = Bind(sql, parameters);
        return RunAsync(this, command, map, ct);

        static async Task<List<T>> RunAsync(Session session, DbCommand command, Func<Row, T> map, CancellationToken ct)
        {
            try
            {
                var rows = new List<T>();
                await using var reader = await command.ExecuteReaderAsync(ct);
                while (await reader.ReadAsync(ct))
                    rows.Add(map(new Row(reader)));
                return rows;
            }
            finally
            {
                session._connection.Return(command);
            }
        }
    }

    /// <summary>The first row, or default when there is none.</summary>
    public Task<T?> FindAsync<T>(string sql, Func<Row, T> map, CancellationToken ct, params ReadOnlySpan<Parameter> parameters)
    {
        var command = Bind(sql, parameters);
        return RunAsync(this, command, map, ct);

        static async Task<T?> RunAsync(Session session, DbCommand command, Func<Row, T> map, CancellationToken ct)
        {
            try
            {
                await using var reader = await command.ExecuteReaderAsync(ct);
                return await reader.ReadAsync(ct) ? map(new Row(reader)) : default;
            }
            finally
            {
                session._connection.Return(command);
            }
        }
    }

    /// <summary>Rows one by one, straight from the engine: for lists that are written while they are read.</summary>
    public IAsyncEnumerable<T> StreamAsync<T>(string sql, Func<Row, T> map, CancellationToken ct, params ReadOnlySpan<Parameter> parameters)
    {
        var command = Bind(sql, parameters);
        return RunAsync(this, command, map, ct);

        static async IAsyncEnumerable<T> RunAsync(
            Session session, DbCommand command, Func<Row, T> map, [EnumeratorCancellation] CancellationToken ct)
        {
            try
            {
                await using var reader = await command.ExecuteReaderAsync(ct);
                while (await reader.ReadAsync(ct))
                    yield return map(new Row(reader));
            }
            finally
            {
                session._connection.Return(command);
            }
        }
    }

    /// <summary>A single integer, such as a count; 0 when there is no row or the value is null.</summary>
    public async Task<long> CountAsync(string sql, CancellationToken ct, params Parameter[] parameters) =>
        await FindAsync(sql, static row => row.NullableInt64(0) ?? 0, ct, parameters);

    /// <summary>Runs once the transaction is durable, before the write call returns; for waking workers. Must not throw.</summary>
    public void AfterCommit(Action action) => _afterCommit.Add(action);

    internal List<Action> Commit()
    {
        _transaction.Commit();
        return _afterCommit;
    }

    public ValueTask DisposeAsync() => _transaction.DisposeAsync();

    private DbCommand Bind(string sql, ReadOnlySpan<Parameter> parameters)
    {
        var command = _connection.Rent(sql);
        command.Transaction = _transaction;
        if (command.Parameters.Count != parameters.Length)
            command.Parameters.Clear();
        for (var i = 0; i < parameters.Length; i++)
            BindOne(command, i, parameters[i]);
        return command;
    }

    // A lent command still has its parameters from last time, nearly always of the same names in the same order.
    private static void BindOne(DbCommand command, int index, Parameter parameter)
    {
        var bound = index < command.Parameters.Count ? command.Parameters[index] : AddParameter(command);
        if (!bound.ParameterName.AsSpan().EndsWith(parameter.Name) || bound.ParameterName.Length != parameter.Name.Length + 1)
            bound.ParameterName = "@" + parameter.Name;
        bound.Value = parameter.Value switch
        {
            null => DBNull.Value,
            bool flag => flag ? 1L : 0L,
            DateTimeOffset instant => Instants.ToStored(instant),
            var value => value,
        };
    }

    private static DbParameter AddParameter(DbCommand command)
    {
        var parameter = command.CreateParameter();
        command.Parameters.Add(parameter);
        return parameter;
    }
}
