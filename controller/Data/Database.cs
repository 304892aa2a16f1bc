using System.Data;
using System.Data.Common;
using Appliance.Controller.Http;
using Microsoft.Data.Sqlite;

namespace Appliance.Controller.Data;

/// <summary>
/// The controller's one database. Reads run concurrently on pooled connections and see the last commit; writes run one after another, each
/// as one transaction that is durable when the call returns. SQLite in WAL mode with <c>synchronous=FULL</c>; the SQL that services pass
/// stays in the subset PostgreSQL accepts too, and nothing outside this folder knows the engine.
/// </summary>
internal sealed class Database(string path) : IAsyncDisposable
{
    // Readers beyond this wait: more concurrent readers than cores only costs page caches.
    private const int MaxReaders = 8;

    private readonly SemaphoreSlim _writeTurn = new(1, 1);
    private readonly SemaphoreSlim _readTurns = new(MaxReaders, MaxReaders);
    private readonly Stack<Connection> _idleReaders = new();
    private Connection? _writer;

    public string Path => path;

    /// <summary>Opens the file, creating it when absent, and brings the schema of every component forward.</summary>
    public async Task OpenAsync(IEnumerable<ComponentSchema> schemas, CancellationToken ct)
    {
        _writer = await OpenConnectionAsync(readOnly: false, ct);
        await SchemaMigrator.MigrateAsync(this, schemas, ct);
    }

    /// <summary>Runs <paramref name="read"/> on a consistent snapshot.</summary>
    public async Task<T> ReadAsync<T>(Func<Session, CancellationToken, Task<T>> read, CancellationToken ct)
    {
        await _readTurns.WaitAsync(ct);
        Connection? connection = null;
        try
        {
            connection = TakeReader() ?? await OpenConnectionAsync(readOnly: true, ct);
            await using var session = new Session(connection, connection.Begin(deferred: true));
            return await read(session, ct);
        }
        finally
        {
            if (connection is not null)
                ReturnReader(connection);
            _readTurns.Release();
        }
    }

    /// <summary>Runs <paramref name="write"/> as one transaction and commits; an exception rolls back. After-commit actions run last.</summary>
    public async Task<T> WriteAsync<T>(Func<Session, CancellationToken, Task<T>> write, CancellationToken ct) =>
        await WriteWhenAsync(write, static _ => true, ct);

    /// <summary>Runs <paramref name="write"/> as one transaction and commits; an exception rolls back.</summary>
    public async Task WriteAsync(Func<Session, CancellationToken, Task> write, CancellationToken ct) =>
        await WriteWhenAsync(async (tx, token) =>
        {
            await write(tx, token);
            return true;
        }, static _ => true, ct);

    /// <summary>Like <see cref="WriteAsync{T}"/>, and rolls back when the outcome is a fault.</summary>
    public async Task<Outcome<T>> TryWriteAsync<T>(Func<Session, CancellationToken, Task<Outcome<T>>> write, CancellationToken ct) =>
        await WriteWhenAsync(write, static outcome => !outcome.IsFault, ct);

    /// <summary>Like <see cref="TryWriteAsync{T}"/> for changes that answer nothing: null is success.</summary>
    public async Task<Fault?> TryWriteAsync(Func<Session, CancellationToken, Task<Fault?>> write, CancellationToken ct) =>
        await WriteWhenAsync(write, static fault => fault is null, ct);

    private async Task<T> WriteWhenAsync<T>(Func<Session, CancellationToken, Task<T>> write, Func<T, bool> shouldCommit, CancellationToken ct)
    {
        var writer = _writer ?? throw new InvalidOperationException("the database is not open");
        T result;
        List<Action>? afterCommit;
        await _writeTurn.WaitAsync(ct);
        try
        {
            await using var session = new Session(writer, writer.Begin(deferred: false));
            result = await write(session, ct);
            afterCommit = shouldCommit(result) ? session.Commit() : null;
        }
        finally
        {
            _writeTurn.Release();
        }

        afterCommit?.ForEach(static action => action());
        return result;
    }

    public async ValueTask DisposeAsync()
    {
        await _writeTurn.WaitAsync();
        if (_writer is not null)
            await _writer.DisposeAsync();
        lock (_idleReaders)
        {
            while (_idleReaders.TryPop(out var reader))
                reader.Dispose();
        }

        _writeTurn.Dispose();
        _readTurns.Dispose();
    }

    private Connection? TakeReader()
    {
        lock (_idleReaders)
            return _idleReaders.TryPop(out var reader) ? reader : null;
    }

    private void ReturnReader(Connection connection)
    {
        lock (_idleReaders)
            _idleReaders.Push(connection);
    }

    private async Task<Connection> OpenConnectionAsync(bool readOnly, CancellationToken ct)
    {
        var text = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = readOnly ? SqliteOpenMode.ReadWrite : SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
        };
        var sqlite = new SqliteConnection(text.ConnectionString);
        await sqlite.OpenAsync(ct);
        await using var pragma = sqlite.CreateCommand();
        pragma.CommandText = $"""
            PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000;
            PRAGMA temp_store=MEMORY; PRAGMA cache_size={(readOnly ? -1024 : -4096)}; PRAGMA query_only={(readOnly ? 1 : 0)};
            """;
        await pragma.ExecuteNonQueryAsync(ct);
        return new Connection(sqlite);
    }
}
