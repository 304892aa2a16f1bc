using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>setns(2) and unshare(2). Both act on the calling thread only, which must therefore be a dedicated one that ends afterwards.</summary>
internal static partial class NamespaceCalls
{
    // linux/sched.h
    public const int CLONE_NEWNS = 0x00020000;
    public const int CLONE_NEWPID = 0x20000000;
    public const int CLONE_NEWNET = 0x40000000;

    public static void SetNamespace(Fd descriptor, int type, string operation)
    {
        if (setns(descriptor, type) < 0)
            throw LinuxException.Last(operation);
    }

    public static void Unshare(int flags, string operation)
    {
        if (unshare(flags) < 0)
            throw LinuxException.Last(operation);
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int setns(Fd descriptor, int type);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int unshare(int flags);
}
