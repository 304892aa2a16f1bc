using System.Buffers;
using Appliance.Agent.Faults;
using Appliance.Agent.Jail;
using Appliance.Agent.Logging;
using Appliance.Linux.Libc;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Storage;

/// <summary>An image of this node as raw bytes.</summary>
/// <param name="Path">Never written again; may be removed when no server of this node uses the image.</param>
internal sealed record CachedImage(string Path, long SizeBytes);

/// <summary>
/// The images of a node, each fetched, verified and unfolded once, whoever asks first, and kept under its SHA-512 and format. Work on an image goes on
/// when the server that asked for it is gone; unused images go after a while, or sooner when space is short.
/// </summary>
internal sealed class ImageCache : IAsyncDisposable
{
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    private readonly StorageOptions _options;
    private readonly StorageLayout _layout;
    private readonly ImageFetch _fetch;
    private readonly ImageConversion _conversion;
    private readonly ImageEviction _eviction;
    private readonly SemaphoreSlim _slots;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Build> _builds = new(StringComparer.Ordinal);
    private readonly ITimer _cleaning;
    private readonly Log _log;

    public ImageCache(StorageOptions options, StorageLayout layout, JailOptions jail, IImageSource source, Log log, TimeProvider clock)
    {
        (_options, _layout, _log) = (options, layout, log.For("storage"));
        _fetch = new ImageFetch(source, layout);
        _conversion = new ImageConversion(options, layout, jail);
        _eviction = new ImageEviction(options, layout, _log, clock);
        _slots = new SemaphoreSlim(options.ConcurrentImages);
        foreach (var leftover in Directory.EnumerateFiles(layout.Partial, "*.raw"))
            File.Delete(leftover);
        _cleaning = clock.CreateTimer(_ => Clean(), null, options.CleanInterval, options.CleanInterval);
    }

    /// <summary>Names the images that servers of this node use: they stay.</summary>
    public void SetInUse(IReadOnlySet<string> names) => _eviction.InUse = names;

    /// <summary>The image, fetched and unfolded when it is not here yet. Cancelling stops the waiting, not the work.</summary>
    /// <param name="progress">Told what takes long.</param>
    public async Task<Outcome<CachedImage>> EnsureAsync(ImageDocument image, Action<string> progress, CancellationToken ct)
    {
        if (!IsHash(image.Sha512))
            return new Fault($"Image {image.Id} has no valid SHA-512; upload it again.");

        Build build;
        var name = StorageLayout.NameOf(image);
        lock (_lock)
        {
            if (Find(name) is { } cached)
                return cached;

            if (!_builds.TryGetValue(name, out build!))
            {
                _builds[name] = build = new Build();
                build.Work = Task.Run(() => RunAsync(image, build), CancellationToken.None);
            }
        }

        build.Progress += progress;
        try
        {
            return await build.Work.WaitAsync(ct);
        }
        finally
        {
            build.Progress -= progress;
        }
    }

    /// <summary>Removes unused images until this many bytes are free beyond the reserve, if it can.</summary>
    public bool TryMakeRoom(long bytes) => _eviction.TryMakeRoom(bytes);

    public async ValueTask DisposeAsync()
    {
        await _cleaning.DisposeAsync();
        await _stop.CancelAsync();
        Task[] work;
        lock (_lock)
            work = [.. _builds.Values.Select(build => build.Work)];
        await Task.WhenAll(work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _slots.Dispose();
        _stop.Dispose();
    }

    private CachedImage? Find(string name)
    {
        var file = new FileInfo(_layout.ImagePath(name));
        if (!file.Exists)
            return null;

        _eviction.Touch(file.FullName);
        return new CachedImage(file.FullName, file.Length);
    }

    private async Task<Outcome<CachedImage>> RunAsync(ImageDocument image, Build build)
    {
        var ct = _stop.Token;
        try
        {
            await _slots.WaitAsync(ct);
            try
            {
                return await BuildAsync(image, build, ct);
            }
            catch (Exception e) when (StorageFaults.IsDiskFull(e))
            {
                TryMakeRoom(image.SizeBytes);
                return StorageFaults.DiskFull($"image {image.Id}", image.SizeBytes, FreeSpace.At(_layout.Images) - _options.ReservedBytes);
            }
            finally
            {
                _slots.Release();
            }
        }
        finally
        {
            lock (_lock)
                _builds.Remove(StorageLayout.NameOf(image));
        }
    }

    private async Task<Outcome<CachedImage>> BuildAsync(ImageDocument image, Build build, CancellationToken ct)
    {
        if (!TryMakeRoom(image.SizeBytes))
            return StorageFaults.DiskFull($"image {image.Id}", image.SizeBytes, FreeSpace.At(_layout.Images) - _options.ReservedBytes);
        if ((await _fetch.FetchAsync(image, percent => build.Tell($"fetching image, {percent} %"), ct)).Failed(out var fault, out var fetched))
            return fault;

        var finished = fetched;
        if (image.DiskFormat == DiskFormats.Qcow2)
        {
            build.Tell("converting image");
            if ((await _conversion.UnfoldAsync(image, fetched, ct)).Failed(out fault, out finished))
            {
                // What a format fault says stays true; a damaged transfer would have failed the hash.
                File.Delete(fetched);
                return fault;
            }
        }

        var name = StorageLayout.NameOf(image);
        var path = _layout.ImagePath(name);
        Ownership.Reclaim(finished);
        File.SetUnixFileMode(finished, StorageAccess.Published);
        DurableFiles.Publish(finished, path);
        if (finished != fetched)
            File.Delete(fetched);
        _log.Information($"image {image.Id} is ready");
        return Find(name)!;
    }

    private void Clean()
    {
        try
        {
            _eviction.RemoveOld();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.Warning("unused images could not be removed; the next round tries again", e);
        }
    }

    // It becomes a file name.
    private static bool IsHash(string text) => text.Length == 128 && !text.AsSpan().ContainsAnyExcept(LowerHex);

    /// <summary>Work on one image, and who wants to hear of it.</summary>
    private sealed class Build
    {
        public Task<Outcome<CachedImage>> Work { get; set; } = null!;

        public event Action<string>? Progress;

        public void Tell(string text) => Progress?.Invoke(text);
    }
}
