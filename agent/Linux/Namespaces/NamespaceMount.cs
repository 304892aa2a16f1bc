using Appliance.Linux.Libc;

namespace Appliance.Linux.Namespaces;

/// <summary>The bind mount that keeps a network namespace alive under a name; same steps as <c>ip netns add</c> (iproute2, ip/ipnetns.c).</summary>
internal static class NamespaceMount
{
    // linux/nsfs.h
    private const uint NS_GET_NSTYPE = 0xb703;

    /// <summary>Makes a namespace and mounts it at <paramref name="path"/>. A half-made mount point of an earlier crash is reused.</summary>
    public static void Create(string folder, string path)
    {
        Directory.CreateDirectory(folder);
        ShareFolder(folder);
        using (Files.Open(path, Files.O_RDONLY | Files.O_CREAT, 0x100))
        {
        }

        DedicatedThread.Run("make netns", () =>
        {
            NamespaceCalls.Unshare(NamespaceCalls.CLONE_NEWNET, $"unshare network namespace for {path}");
            Mounts.Mount("/proc/thread-self/ns/net", path, null, Mounts.MS_BIND);
            return 0;
        });
    }

    public static void Delete(string path)
    {
        // EINVAL: only the mount point is there, as after a crash between its two steps.
        var errno = Mounts.TryUnmount(path, Mounts.MNT_DETACH);
        if (errno is not (Errno.None or Errno.EINVAL or Errno.ENOENT))
            throw new LinuxException($"umount {path}", errno);

        File.Delete(path);
    }

    /// <summary>Whether a network namespace is mounted here; an ordinary file knows no such ioctl.</summary>
    public static bool IsMounted(string path)
    {
        if (Files.TryOpen(path, Files.O_RDONLY, 0, out var file) != Errno.None)
            return false;

        using (file)
            return Files.TryIoctl(file, NS_GET_NSTYPE, 0, out int type) == Errno.None && type == NamespaceCalls.CLONE_NEWNET;
    }

    /// <summary>Makes mounts in the folder visible in, and removable from, other mount namespaces. Without it a jail started earlier pins every namespace.</summary>
    private static void ShareFolder(string folder)
    {
        if (Mounts.TryMount("", folder, "none", Mounts.MS_SHARED | Mounts.MS_REC) != Errno.EINVAL)
            return;

        Mounts.Mount(folder, folder, "none", Mounts.MS_BIND | Mounts.MS_REC);
        Mounts.Mount("", folder, "none", Mounts.MS_SHARED | Mounts.MS_REC);
    }
}
