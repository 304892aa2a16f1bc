using Appliance.Agent.Logging;

namespace Appliance.Agent.Storage;

/// <summary>
/// Decides which images a node drops: those no server here uses, by age, and oldest first when space is short. A server's disks do not
/// depend on the image they were made from, so removing is always safe; it costs the next server a fetch.
/// </summary>
internal sealed class ImageEviction(StorageOptions options, StorageLayout layout, Log log, TimeProvider clock)
{
    /// <summary>Names of images that stay.</summary>
    public IReadOnlySet<string> InUse { get; set; } = new HashSet<string>();

    /// <summary>Notes that an image was used now. The time is kept in the file, so it outlives the agent.</summary>
    public void Touch(string path) => File.SetLastWriteTimeUtc(path, clock.GetUtcNow().UtcDateTime);

    /// <summary>Removes what has not been used for <see cref="StorageOptions.KeepUnusedImages"/>, abandoned transfers too.</summary>
    public void RemoveOld()
    {
        var before = clock.GetUtcNow().UtcDateTime - options.KeepUnusedImages;
        foreach (var file in Unused().Concat(new DirectoryInfo(layout.Partial).EnumerateFiles("*.fetch")))
        {
            if (file.LastWriteTimeUtc < before)
                Remove(file);
        }
    }

    /// <summary>Removes unused images, the longest unused first, until this many bytes are free beyond the reserve. False: they are not.</summary>
    public bool TryMakeRoom(long bytes)
    {
        foreach (var file in Unused().OrderBy(file => file.LastWriteTimeUtc))
        {
            if (HasRoom(bytes))
                return true;
            Remove(file);
        }

        return HasRoom(bytes);
    }

    private bool HasRoom(long bytes) => FreeSpace.At(layout.Images) - options.ReservedBytes >= bytes;

    private List<FileInfo> Unused() =>
        [.. new DirectoryInfo(layout.Images).EnumerateFiles().Where(file => !InUse.Contains(file.Name))];

    private void Remove(FileInfo file)
    {
        file.Delete();
        log.Information($"removed unused image file {file.Name}");
    }
}
