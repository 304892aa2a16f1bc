using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>mount(2) and umount2(2).</summary>
internal static partial class Mounts
{
    // linux/mount.h
    public const ulong MS_RDONLY = 1;
    public const ulong MS_NOSUID = 2;
    public const ulong MS_NODEV = 4;
    public const ulong MS_NOEXEC = 8;
    public const ulong MS_REMOUNT = 32;
    public const ulong MS_BIND = 4096;
    public const ulong MS_MOVE = 8192;
    public const ulong MS_REC = 16384;
    public const ulong MS_PRIVATE = 1 << 18;
    public const ulong MS_SHARED = 1 << 20;
    public const int MNT_DETACH = 2;

    public static void Mount(string source, string target, string? fileSystem, ulong flags, string? options = null)
    {
        if (mount(source, target, fileSystem, (nuint)flags, options) < 0)
            throw LinuxException.Last($"mount {source} on {target}");
    }

    /// <summary>As <see cref="Mount"/>, with the reason as a value.</summary>
    public static Errno TryMount(string source, string target, string? fileSystem, ulong flags, string? options = null) =>
        mount(source, target, fileSystem, (nuint)flags, options) < 0 ? LinuxException.LastErrno : Errno.None;

    /// <summary><c>EINVAL</c>: not a mount point. <c>ENOENT</c>: no such path.</summary>
    public static Errno TryUnmount(string target, int flags) => umount2(target, flags) < 0 ? LinuxException.LastErrno : Errno.None;

    /// <summary>
    /// Makes a mount point the root of this process's mount namespace and takes the old root away: pivot_root(2), "pivot_root(".", ".")". Where
    /// the old root is the initial file system (an initramfs), which cannot be taken away, it is covered instead, as switch_root(8) does:
    /// only a process with rights to mount or chroot could look below.
    /// </summary>
    public static void PivotTo(string newRoot)
    {
        if (chdir(newRoot) < 0)
            throw LinuxException.Last($"chdir {newRoot}");
        if (syscall(SYS_pivot_root, ".", ".") < 0)
        {
            if (LinuxException.LastErrno is var errno && errno != Errno.EINVAL)
                throw new LinuxException($"pivot_root {newRoot}", errno);
            Mount(".", "/", null, MS_MOVE);
            if (chroot(".") < 0 || chdir("/") < 0)
                throw LinuxException.Last($"chroot {newRoot}");
            return;
        }

        if (TryUnmount(".", MNT_DETACH) is var failure && failure != Errno.None)
            throw new LinuxException("umount the old root", failure);
        if (chdir("/") < 0)
            throw LinuxException.Last("chdir /");
    }

    // asm/unistd_64.h; glibc has no wrapper.
    private const long SYS_pivot_root = 155;

    [LibraryImport(Files.Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chdir(string path);

    [LibraryImport(Files.Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chroot(string path);

    [LibraryImport(Files.Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial long syscall(long number, string first, string second);

    [LibraryImport(Files.Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string? fileSystem, nuint flags, string? options);

    [LibraryImport(Files.Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);
}
