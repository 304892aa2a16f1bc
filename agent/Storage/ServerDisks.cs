using Appliance.Agent.Faults;
using Appliance.Agent.Jail;
using Appliance.Linux.Libc;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Storage;

/// <summary>
/// Makes the disks of servers in their folders. A disk is made beside its place and moved there when it is whole, so one that exists is
/// complete and is never made again.
/// </summary>
internal sealed class ServerDisks(StorageOptions options, JailOptions jail, ImageCache images) : IDisposable
{
    private const long GiB = 1L << 30;
    private const long MiB = 1L << 20;

    // Mode 0600.
    private const int OwnerOnly = 0x180;

    private static readonly TimeSpan MkfsTime = TimeSpan.FromMinutes(5);

    // Copies block their thread; more at a time than the machine has processors only makes all of them slower.
    private readonly SemaphoreSlim _copies = new(Environment.ProcessorCount);

    /// <summary>Names (<see cref="StorageLayout.NameOf"/>) of the images a server's document needs.</summary>
    public static IEnumerable<string> ImagesOf(ImageDocument? image) =>
        image is null ? [] : new[] { image, image.Kernel, image.Ramdisk }.OfType<ImageDocument>().Select(StorageLayout.NameOf);

    /// <summary>Names the images that servers of this node use: they are kept.</summary>
    public void SetImagesInUse(IReadOnlySet<string> names) => images.SetInUse(names);

    /// <summary>All disks of a server, made where they are missing.</summary>
    /// <param name="progress">Told what takes long.</param>
    public async Task<Outcome<ServerDiskSet>> EnsureAsync(ServerDiskRequest request, Action<string> progress, CancellationToken ct)
    {
        try
        {
            return await EnsureAllAsync(request, progress, ct);
        }
        catch (Exception e) when (StorageFaults.IsDiskFull(e))
        {
            var needed = (request.RootDiskGiB + request.EphemeralDiskGiB) * GiB;
            return StorageFaults.DiskFull("the server's disks", needed, FreeSpace.At(request.Folder) - options.ReservedBytes);
        }
    }

    public void Dispose() => _copies.Dispose();

    private async Task<Outcome<ServerDiskSet>> EnsureAllAsync(ServerDiskRequest request, Action<string> progress, CancellationToken ct)
    {
        var set = new ServerDiskSet(null, null, null, null, null);
        if (request.Image is { } image)
        {
            if ((await EnsureRootAsync(request, image, progress, ct)).Failed(out var fault, out var root)
                || (await EnsureBootFileAsync(image.Kernel, progress, ct)).Failed(out fault, out var kernel)
                || (await EnsureBootFileAsync(image.Ramdisk, progress, ct)).Failed(out fault, out var ramdisk))
                return fault;
            set = set with { RootPath = root, KernelPath = NullIfEmpty(kernel), RamdiskPath = NullIfEmpty(ramdisk) };
        }

        if (request.EphemeralDiskGiB > 0)
        {
            if ((await EnsureEphemeralAsync(request, ct)).Failed(out var fault, out var ephemeral))
                return fault;
            set = set with { EphemeralPath = ephemeral };
        }

        if (request.SwapMiB > 0)
        {
            if ((await EnsureSwapAsync(request, ct)).Failed(out var fault, out var swap))
                return fault;
            set = set with { SwapPath = swap };
        }

        return set;
    }

    private async Task<Outcome<string>> EnsureRootAsync(
        ServerDiskRequest request, ImageDocument image, Action<string> progress, CancellationToken ct)
    {
        var path = Path.Combine(request.Folder, "root.disk");
        if (File.Exists(path))
            return path;
        if ((await images.EnsureAsync(image, progress, ct)).Failed(out var fault, out var cached))
            return fault;

        // Virtual disks come in whole sectors.
        var length = request.RootDiskGiB > 0 ? request.RootDiskGiB * GiB : (cached.SizeBytes + 511) / 512 * 512;
        if (cached.SizeBytes > length)
            return StorageFaults.TooLargeForFlavor(image.Id, cached.SizeBytes, request.RootDiskGiB);

        progress("making the root disk");
        var failed = await MakeAsync(path, length, request.UserId, target =>
        {
            using var source = Files.Open(cached.Path, Files.O_RDONLY);
            if (!FileClones.TryReflink(source, target))
                FileClones.CopySparse(source, target, ct);
        }, null, ct);
        return failed is null ? path : failed;
    }

    // The empty string stands for "none", as an outcome has no null.
    private async Task<Outcome<string>> EnsureBootFileAsync(ImageDocument? image, Action<string> progress, CancellationToken ct)
    {
        if (image is null)
            return "";
        if ((await images.EnsureAsync(image, progress, ct)).Failed(out var fault, out var cached))
            return fault;
        return cached.Path;
    }

    /// <summary>An ext4 disk with the label Nova gives it; without mkfs an empty one, which the guest formats as it likes.</summary>
    private async Task<Outcome<string>> EnsureEphemeralAsync(ServerDiskRequest request, CancellationToken ct)
    {
        var path = Path.Combine(request.Folder, "ephemeral.disk");
        if (File.Exists(path))
            return path;

        var length = request.EphemeralDiskGiB * GiB;
        var failed = await MakeAsync(path, length, request.UserId, null, target => FormatAsync(target, length, request.UserId, ct), ct);
        return failed is null ? path : failed;
    }

    private async Task<Fault?> FormatAsync(Fd target, long length, int? userId, CancellationToken ct)
    {
        if (!File.Exists(options.MkfsPath))
            return null;

        var rules = new JailRules(userId, null, DiesWithAgent: true, GiB, length, MkfsTime);
        var result = await JailedTool.RunAsync(
            jail, rules, [options.MkfsPath, "-q", "-F", "-L", "ephemeral0", JailedTool.PathOf(0)], [target], ct);
        return result.End.Succeeded
            ? null
            : StorageFaults.ToolFailed("format the ephemeral disk", $"mkfs.ext4: {result.End}: {result.Error.Trim()}");
    }

    private async Task<Outcome<string>> EnsureSwapAsync(ServerDiskRequest request, CancellationToken ct)
    {
        var path = Path.Combine(request.Folder, "swap.disk");
        if (File.Exists(path))
            return path;

        var length = request.SwapMiB * MiB;
        var failed = await MakeAsync(path, length, request.UserId,
            target => Files.TryWrite(target, SwapHeader.Compose(length, Guid.NewGuid()), out _), null, ct);
        return failed is null ? path : failed;
    }

    /// <summary>Makes one disk beside its place, and moves it there when it is whole.</summary>
    /// <param name="fill">Writes into the empty file.</param>
    /// <param name="format">Works on the file in its final length, owned by its user.</param>
    private async Task<Fault?> MakeAsync(
        string path, long lengthBytes, int? userId, Action<Fd>? fill, Func<Fd, Task<Fault?>>? format, CancellationToken ct)
    {
        var temporary = path + ".partial";
        await _copies.WaitAsync(ct);
        try
        {
            File.Delete(temporary);
            using (var target = Files.Open(temporary, Files.O_RDWR | Files.O_CREAT | Files.O_EXCL, OwnerOnly))
            {
                fill?.Invoke(target);
                SetLength(temporary, lengthBytes);
                if (userId is { } id)
                    Ownership.Give(temporary, id);
                if (format is not null && await format(target) is { } fault)
                    return fault;
            }

            DurableFiles.Publish(temporary, path);
            return null;
        }
        finally
        {
            _copies.Release();
        }
    }

    private static void SetLength(string path, long lengthBytes)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write);
        RandomAccess.SetLength(file, lengthBytes);
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
