using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Files that are whole or absent after a power cut: written beside their place, fsync(2), then rename(2).</summary>
internal static partial class DurableFiles
{
    private const string TemporarySuffix = ".new";

    /// <summary>Replaces a small file. When this returns, the new content survives a power cut; before, the old one does. One writer a path.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        var temporary = path + TemporarySuffix;
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
            RandomAccess.Write(file, content, 0);
        Publish(temporary, path);
    }

    /// <summary>Moves a finished file to its place, which it replaces, durably. Both are in one file system.</summary>
    public static void Publish(string temporary, string path)
    {
        Sync(temporary);
        File.Move(temporary, path, overwrite: true);
        DurableDirectory.Flush(Path.GetDirectoryName(path)!);
    }

    private static void Sync(string path)
    {
        using var fd = Files.Open(path, Files.O_RDONLY);
        if (fsync(fd) < 0)
            throw LinuxException.Last($"fsync {path}");
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int fsync(Fd fd);
}
