using Appliance.Linux.Libc;

namespace Appliance.Agent.Jail;

/// <summary>A file system that is one folder and cannot be written. Of the calling thread and the program it executes.</summary>
internal static class FileSystemJail
{
    /// <summary>Makes the folder the root, in a mount namespace of its own. Needs root; afterwards nothing outside can be named.</summary>
    public static void Enter(string folder)
    {
        NamespaceCalls.Unshare(NamespaceCalls.CLONE_NEWNS, "unshare mounts");
        // What is mounted here must not appear outside; what is mounted outside later must not appear here.
        Mounts.Mount("none", "/", null, Mounts.MS_REC | Mounts.MS_PRIVATE);
        Mounts.Mount(folder, folder, null, Mounts.MS_BIND);
        Mounts.Mount("none", folder, null, Mounts.MS_REMOUNT | Mounts.MS_BIND | Mounts.MS_RDONLY | Mounts.MS_NOSUID | Mounts.MS_NODEV);
        Mounts.PivotTo(folder);
    }

    /// <summary>Leaves of it what a program needs to start, for kernels that have Landlock; others have the read-only root alone.</summary>
    public static void Lock()
    {
        using var root = Files.Open("/", O_PATH | Files.O_DIRECTORY);
        Landlock.TryRestrictTo(root);
    }

    // asm-generic/fcntl.h: a place, not its content; what Landlock takes.
    private const int O_PATH = 0x200000;
}
