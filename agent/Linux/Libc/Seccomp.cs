using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>One instruction of a classic BPF program, linux/filter.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct sock_filter(ushort code, byte jt, byte jf, uint k);

/// <summary>Filters system calls, seccomp(2), for good.</summary>
internal static unsafe partial class Seccomp
{
    // asm/unistd_64.h, linux/seccomp.h
    private const long SYS_seccomp = 317;
    private const uint SECCOMP_SET_MODE_FILTER = 1;
    private const uint SECCOMP_FILTER_FLAG_TSYNC = 1;

    [StructLayout(LayoutKind.Sequential)]
    private struct sock_fprog
    {
        public ushort len;
        public sock_filter* filter;
    }

    /// <summary>Puts all threads of this process, and those they start, under a filter. After <see cref="Confinement.ForbidNewPrivileges"/>.</summary>
    public static void FilterAllThreads(ReadOnlySpan<sock_filter> program)
    {
        // SAFETY: pinned for the call; the kernel copies the program.
        fixed (sock_filter* filter = program)
        {
            var description = new sock_fprog { len = (ushort)program.Length, filter = filter };
            long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &description);
            if (result != 0)
                throw result < 0 ? LinuxException.Last("seccomp") : new LinuxException($"seccomp: thread {result} has another filter", Errno.EINVAL);
        }
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial long syscall(long number, nuint operation, nuint flags, sock_fprog* program);
}
