using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Gives up rights, for good, before another program takes this process over: user, groups, limits, namespaces.</summary>
internal static partial class Confinement
{
    // linux/prctl.h
    private const int PR_SET_PDEATHSIG = 1;
    private const int PR_SET_NO_NEW_PRIVS = 38;

    private const int SIGKILL = 9;

    // linux/sched.h
    private const int CLONE_NEWUTS = 0x04000000;
    private const int CLONE_NEWIPC = 0x08000000;
    private const int CLONE_NEWNET = 0x40000000;

    // linux/close_range.h
    private const int CLOSE_RANGE_CLOEXEC = 4;

    // asm-generic/resource.h
    public const int RLIMIT_CPU = 0;
    public const int RLIMIT_FSIZE = 1;
    public const int RLIMIT_DATA = 2;
    public const int RLIMIT_CORE = 4;
    public const int RLIMIT_NOFILE = 7;
    public const int RLIMIT_MEMLOCK = 8;

    /// <summary>Leaves the machine's network, System V IPC and host name; only effective for what this thread executes next. Needs root.</summary>
    public static void LeaveNetwork() => Check(unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS), "unshare");

    /// <summary>Becomes another user in all threads. Needs root.</summary>
    public static unsafe void BecomeUser(uint userId, uint groupId, ReadOnlySpan<uint> groups)
    {
        // SAFETY: pinned for the call; the kernel only reads.
        fixed (uint* pointer = groups)
            Check(setgroups((nuint)groups.Length, pointer), "setgroups");
        Check(setresgid(groupId, groupId, groupId), "setresgid");
        Check(setresuid(userId, userId, userId), "setresuid");
    }

    /// <summary>No program executed from here on gains rights by its set-user-id bit or capabilities.</summary>
    public static void ForbidNewPrivileges() => Check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl PR_SET_NO_NEW_PRIVS");

    /// <summary>Ends this process when the thread that started it ends. After <see cref="BecomeUser"/>, which resets it.</summary>
    public static void DieWithParent() => Check(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "prctl PR_SET_PDEATHSIG");

    public static unsafe void Limit(int resource, ulong value)
    {
        ulong* limit = stackalloc ulong[2] { value, value };
        // SAFETY: struct rlimit is two 64-bit words.
        Check(setrlimit(resource, limit), $"setrlimit {resource}");
    }

    /// <summary>Lets the next program inherit only the descriptors below a number.</summary>
    public static void KeepOnly(int below) => Check(close_range((uint)below, uint.MaxValue, CLOSE_RANGE_CLOEXEC), "close_range");

    /// <summary>Replaces this program; returns only when that failed.</summary>
    public static unsafe Errno Execute(IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        using var argv = new NativeStrings(arguments);
        using var envp = new NativeStrings(environment);
        // SAFETY: both arrays end in null and live until the call fails.
        _ = execve(argv.Pointer[0], argv.Pointer, envp.Pointer);
        return LinuxException.LastErrno;
    }

    private static void Check(int result, string operation)
    {
        if (result < 0)
            throw LinuxException.Last(operation);
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int close_range(uint first, uint last, int flags);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial int setgroups(nuint count, uint* groups);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int setresgid(uint real, uint effective, uint saved);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int setresuid(uint real, uint effective, uint saved);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int prctl(int option, nuint first, nuint second, nuint third, nuint fourth);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial int setrlimit(int resource, ulong* limit);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial int execve(byte* path, byte** argv, byte** envp);
}
