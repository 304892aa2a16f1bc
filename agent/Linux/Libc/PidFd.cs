using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>A process by descriptor, pidfd_open(2): a reused process id cannot be mistaken for it; readable when the process has ended.</summary>
internal static partial class PidFd
{
    // asm-generic/unistd.h; glibc 2.36 (Debian 12) has no wrapper for the first.
    private const long SYS_pidfd_send_signal = 424;
    private const long SYS_pidfd_open = 434;

    /// <summary>Null when no such process exists any more.</summary>
    public static Fd? Open(int processId)
    {
        long number = syscall(SYS_pidfd_open, processId, 0, 0, 0);
        if (number >= 0)
            return Fd.Own((int)number);

        var errno = LinuxException.LastErrno;
        return errno == Errno.ESRCH ? null : throw new LinuxException($"pidfd_open {processId}", errno);
    }

    /// <summary>Sends a signal; false when the process has ended.</summary>
    public static bool Signal(Fd process, int signal)
    {
        if (syscall(SYS_pidfd_send_signal, process.Number, signal, 0, 0) >= 0)
            return true;

        var errno = LinuxException.LastErrno;
        return errno == Errno.ESRCH ? false : throw new LinuxException($"pidfd_send_signal {signal}", errno);
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial long syscall(long number, long first, long second, long third, long fourth);
}
