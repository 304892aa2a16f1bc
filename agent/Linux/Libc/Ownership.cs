using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Owner of files, chown(2).</summary>
internal static partial class Ownership
{
    private const uint KeepOwner = uint.MaxValue;

    // fcntl.h, linux/stat.h
    private const int AT_FDCWD = -100;
    private const uint STATX_GID = 0x10;
    private const int StatxBytes = 256;
    private const int StatxGroupOffset = 24;

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

    /// <summary>Makes a group the group of a file, whose owner stays. Needs root.</summary>
    public static void GiveToGroup(string path, int groupId)
    {
        if (chown(path, KeepOwner, (uint)groupId) < 0)
            throw LinuxException.Last($"chown {path} to group {groupId}");
    }

    /// <summary>The group of a file.</summary>
    public static unsafe int GroupOf(string path)
    {
        byte* status = stackalloc byte[StatxBytes];
        // SAFETY: struct statx has 256 bytes, linux/stat.h.
        if (statx(AT_FDCWD, path, 0, STATX_GID, status) < 0)
            throw LinuxException.Last($"statx {path}");
        return *(int*)(status + StatxGroupOffset);
    }

    [LibraryImport(Files.Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint owner, uint group);

    [LibraryImport(Files.Library)]
    private static partial uint geteuid();

    [LibraryImport(Files.Library)]
    private static partial uint getegid();

    [LibraryImport(Files.Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int folder, string path, int flags, uint mask, byte* status);
}
