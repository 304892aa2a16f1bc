using System.Collections.Concurrent;
using Appliance.Controller.Data;

namespace Appliance.Controller.Identity;

/// <summary>Names one thing in the cache.</summary>
internal readonly record struct CacheKey(string Kind, string First, string? Second = null, string? Third = null);

/// <summary>
/// What Identity has read and may answer again without I/O, until the next change of anything in Identity. Each change starts a new,
/// empty generation; a reader that began before the change stores into the old generation, so nothing outdated survives.
/// </summary>
internal sealed class IdentityCache(Database database)
{
    // A few hundred bytes an entry: some megabytes at most. Beyond it starting over is cheaper than bookkeeping for every hit.
    private const int MaxEntries = 16_384;

    private Generation _current = new();

    /// <summary>Starts a new generation.</summary>
    public void Forget() => Volatile.Write(ref _current, new Generation());

    /// <summary>The cached value; reads and keeps it when it is not there. Null is not kept: names that do not exist must not fill the memory.</summary>
    public ValueTask<T?> FindAsync<T>(CacheKey key, Func<Session, CancellationToken, Task<T?>> read, CancellationToken ct)
        where T : class
    {
        var generation = Volatile.Read(ref _current);
        return generation.Entries.TryGetValue(key, out var entry) ? new((T)entry) : ReadAsync(generation, key, read, ct);
    }

    /// <summary>The cached value or null, without reading; with the generation that <see cref="Keep"/> wants.</summary>
    public T? Peek<T>(CacheKey key, out Generation generation)
        where T : class
    {
        generation = Volatile.Read(ref _current);
        return generation.Entries.TryGetValue(key, out var entry) ? (T)entry : null;
    }

    /// <summary>Keeps a value that was computed from data read since <paramref name="generation"/> was taken.</summary>
    public void Keep(Generation generation, CacheKey key, object value)
    {
        if (!generation.Entries.TryAdd(key, value))
        {
            generation.Entries[key] = value;        // the same, or read later
            return;
        }

        if (Interlocked.Increment(ref generation.Count) > MaxEntries)
            Forget();
    }

    private async ValueTask<T?> ReadAsync<T>(
        Generation generation, CacheKey key, Func<Session, CancellationToken, Task<T?>> read, CancellationToken ct)
        where T : class
    {
        if (await database.ReadAsync(read, ct) is not { } value)
            return null;

        Keep(generation, key, value);
        return value;
    }

    /// <summary>Entries that hold between two changes.</summary>
    internal sealed class Generation
    {
        public readonly ConcurrentDictionary<CacheKey, object> Entries = new();
        public int Count;
    }
}
