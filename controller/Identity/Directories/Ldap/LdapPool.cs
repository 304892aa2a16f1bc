using System.Collections.Concurrent;

namespace Appliance.Controller.Identity.Directories.Ldap;

/// <summary>How many connections, how long they live, and how long anything may take.</summary>
/// <param name="Size">Connections in use at once; who comes later waits.</param>
/// <param name="KeepsIdle">False: every use has a connection of its own.</param>
/// <param name="Attempts">How often connecting is tried, each time at every address.</param>
/// <param name="Timeout">For waiting, connecting, and each use.</param>
internal sealed record LdapPoolOptions(
    IReadOnlyList<LdapEndpoint> Endpoints, bool IsRandomized, LdapTls Tls, int Size, bool KeepsIdle, TimeSpan Lifetime, int Attempts,
    TimeSpan RetryDelay, TimeSpan Timeout);

/// <summary>
/// A bounded number of connections to one directory. A directory that is down or slow costs its own users time, up to the limit, and
/// nobody else anything: no thread waits.
/// </summary>
/// <param name="prepare">Makes a new connection fit for use: binds it.</param>
internal sealed class LdapPool(LdapPoolOptions options, Func<LdapConnection, CancellationToken, Task> prepare, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim _turns = new(options.Size, options.Size);
    private readonly ConcurrentStack<(LdapConnection Connection, DateTimeOffset Since)> _idle = new();
    private volatile bool _isDisposed;

    /// <exception cref="LdapException">The directory cannot be reached, or not in time.</exception>
    public async Task<T> UseAsync<T>(Func<LdapConnection, CancellationToken, Task<T>> use, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(options.Timeout);
        try
        {
            await _turns.WaitAsync(limit.Token);
            try
            {
                return await UseInTurnAsync(use, limit.Token);
            }
            finally
            {
                _turns.Release();
            }
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw new LdapException($"{options.Endpoints[0]} does not answer within {options.Timeout.TotalSeconds:0.#} s", isConnectionLost: false, e);
        }
    }

    /// <summary>Closes what lay idle past its lifetime.</summary>
    public void CloseOld()
    {
        var young = new Stack<(LdapConnection Connection, DateTimeOffset Since)>();
        while (TakeIdle() is { } idle)
            young.Push(idle);
        while (young.TryPop(out var idle))
            _idle.Push(idle);
    }

    public void Dispose()
    {
        _isDisposed = true;
        CloseIdle();
    }

    // A connection that lay idle may have been closed from the other side: then a new one is tried, once.
    private async Task<T> UseInTurnAsync<T>(Func<LdapConnection, CancellationToken, Task<T>> use, CancellationToken ct)
    {
        if (TakeIdle() is { } idle)
        {
            try
            {
                return await UseOneAsync(idle.Connection, idle.Since, use, ct);
            }
            catch (LdapException e) when (e.IsConnectionLost)
            {
                CloseIdle();
            }
        }

        return await UseOneAsync(await OpenAsync(ct), clock.GetUtcNow(), use, ct);
    }

    private async Task<T> UseOneAsync<T>(
        LdapConnection connection, DateTimeOffset since, Func<LdapConnection, CancellationToken, Task<T>> use, CancellationToken ct)
    {
        try
        {
            return await use(connection, ct);
        }
        finally
        {
            if (connection.IsBroken || !options.KeepsIdle || _isDisposed)
                connection.Dispose();
            else
                _idle.Push((connection, since));
            if (_isDisposed)
                CloseIdle();
        }
    }

    private (LdapConnection Connection, DateTimeOffset Since)? TakeIdle()
    {
        while (_idle.TryPop(out var idle))
        {
            if (clock.GetUtcNow() - idle.Since < options.Lifetime)
                return idle;
            idle.Connection.Dispose();
        }

        return null;
    }

    private async Task<LdapConnection> OpenAsync(CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await OpenOnceAsync(ct);
            }
            catch (LdapException e) when (e.IsConnectionLost && attempt < options.Attempts)
            {
                await Task.Delay(options.RetryDelay, clock, ct);
            }
        }
    }

    private async Task<LdapConnection> OpenOnceAsync(CancellationToken ct)
    {
        var endpoints = options.Endpoints.ToArray();
        if (options.IsRandomized)
            Random.Shared.Shuffle(endpoints);
        for (var i = 0; ; i++)
        {
            try
            {
                return await OpenAtAsync(endpoints[i], ct);
            }
            catch (LdapException e) when (e.IsConnectionLost && i < endpoints.Length - 1)
            {
                // The next address may be better.
            }
        }
    }

    // Each address has its share of the time: one that swallows everything must not keep the others from being tried.
    private async Task<LdapConnection> OpenAtAsync(LdapEndpoint endpoint, CancellationToken ct)
    {
        using var share = CancellationTokenSource.CreateLinkedTokenSource(ct);
        share.CancelAfter(options.Timeout / options.Endpoints.Count);
        LdapConnection? connection = null;
        try
        {
            connection = await LdapConnection.ConnectAsync(endpoint, options.Tls, share.Token);
            await prepare(connection, share.Token);
            return connection;
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            connection?.Dispose();
            throw new LdapException($"{endpoint} does not answer in time", isConnectionLost: true, e);
        }
        catch
        {
            connection?.Dispose();
            throw;
        }
    }

    private void CloseIdle()
    {
        while (_idle.TryPop(out var idle))
            idle.Connection.Dispose();
    }
}
