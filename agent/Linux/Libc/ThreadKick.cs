using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>
/// Interrupts a blocking system call of one thread with a signal, tgkill(2). The handler is a C function without side effects: no managed code
/// runs in signal context.
/// </summary>
internal static unsafe partial class ThreadKick
{
    // SIGRTMIN is 34 to programs: glibc keeps 32 and 33. The .NET runtime uses 34 to suspend threads.
    private const int Signal = 40;
    private const long SYS_gettid = 186;
    private const long SYS_tgkill = 234;

    private static readonly Lock Installing = new();
    private static bool s_installed;

    /// <summary>Number of the calling thread, for <see cref="Send"/>.</summary>
    public static int CurrentThread => (int)syscall(SYS_gettid, 0, 0, 0);

    /// <summary>Makes the signal harmless. Once per process, before the first <see cref="Send"/>; repeating is free.</summary>
    public static void Install()
    {
        lock (Installing)
        {
            if (s_installed)
                return;
            nint harmless = NativeLibrary.GetExport(NativeLibrary.Load(Files.Library), "abs");
            // SAFETY: abs(int) has the shape of a handler and touches nothing. No SA_RESTART: the interrupted call must return EINTR.
            var action = new sigaction_t { sa_handler = harmless };
            if (sigaction(Signal, &action, null) < 0)
                throw LinuxException.Last("sigaction");
            s_installed = true;
        }
    }

    /// <summary>Interrupts the thread; without effect when it has ended.</summary>
    public static void Send(int thread) => _ = syscall(SYS_tgkill, Environment.ProcessId, thread, Signal);

    /// <summary><c>struct sigaction</c> of glibc on x86-64, bits/sigaction.h.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 152)]
    private struct sigaction_t
    {
        public nint sa_handler;
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int sigaction(int signal, sigaction_t* action, sigaction_t* previous);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial long syscall(long number, long first, long second, long third);
}
