using Microsoft.Win32.SafeHandles;

namespace Appliance.Controller.Images.Data;

/// <summary>
/// Image data on disk: one file an image, named by its id. A file counts only when the image's row says active, so an upload is written
/// under its final name (an fsync of a new file makes its name durable too) and whatever has no such row is removed at start.
/// </summary>
internal sealed class ImageFiles(string folder)
{
    public string PathOf(string imageId) => Path.Combine(folder, Guid.Parse(imageId).ToString());

    /// <summary>Removes files of unfinished uploads and of deleted images.</summary>
    public void Clean(IReadOnlyCollection<string> idsWithData)
    {
        // Others may pass through the folder but not list it: the jailed inspection reads the one file it is given.
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        var keep = idsWithData.Select(PathOf).ToHashSet(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(folder))
        {
            if (!keep.Contains(path))
                File.Delete(path);
        }
    }

    /// <summary>A new, empty file for an upload; what an earlier failed one left is gone.</summary>
    public SafeFileHandle Create(string imageId) =>
        File.OpenHandle(PathOf(imageId), FileMode.Create, FileAccess.ReadWrite, FileShare.Read, FileOptions.None);

    /// <summary>Null when there is no data.</summary>
    public SafeFileHandle? TryOpen(string imageId)
    {
        try
        {
            return File.OpenHandle(PathOf(imageId), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    public FileStream? TryOpenStream(string imageId) =>
        TryOpen(imageId) is { } handle ? new FileStream(handle, FileAccess.Read, bufferSize: 0) : null;

    public void Delete(string imageId) => File.Delete(PathOf(imageId));
}
