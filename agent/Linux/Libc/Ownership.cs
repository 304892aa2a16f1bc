using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Owner of files, chown(2).</summary>
internal static partial class Ownership
{
    /// <summary>Makes a user the owner, with the group of the same number, and nobody else a reader. Needs root.</summary>
    public static void Give(string path, int userId)
    {
        if (chown(path, (uint)userId, (uint)userId) < 0)
            throw LinuxException.Last($"chown {path} to {userId}");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Makes this process's user and group the owner.</summary>
    public static void Reclaim(string path)
    {
        if (chown(path, geteuid(), getegid()) < 0)
            throw LinuxException.Last($"chown {path}");
    }

    [LibraryImport(Files.Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint owner, uint group);

    [LibraryImport(Files.Library)]
    private static partial uint geteuid();

    [LibraryImport(Files.Library)]
    private static partial uint getegid();
}
