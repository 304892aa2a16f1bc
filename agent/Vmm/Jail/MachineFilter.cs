using Appliance.Linux.Libc;
using static Appliance.Vmm.Jail.SystemCalls;

namespace Appliance.Vmm.Jail;

/// <summary>
/// The system calls of a machine that runs. Nothing opens a path, makes a socket, starts a program or makes memory executable. What the .NET
/// runtime tries at every garbage collection and can do without fails instead of ending the process.
/// </summary>
internal static class MachineFilter
{
    // asm-generic/mman-common.h, linux/sched.h, linux/prctl.h
    private const uint PROT_EXEC = 4;
    private const uint CLONE_THREAD = 0x0001_0000;
    private const uint PR_SET_NAME = 15, PR_SET_VMA = 0x53564D41;
    private const uint F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4;

    private const int FirstArgument = 0, SecondArgument = 1, ThirdArgument = 2;

    /// <summary>Calls with any arguments; frequent first.</summary>
    private static readonly int[] Always =
    [
        read, write, futex, epoll_wait, epoll_pwait, io_uring_enter, readv, writev, pread64, pwrite64, preadv, pwritev,
        recvmsg, sendmsg, recvfrom, sendto, accept4, shutdown, close, epoll_ctl, epoll_create1, epoll_pwait2, eventfd2, poll, ppoll,
        timerfd_create, timerfd_settime, lseek, fallocate, fdatasync, fsync, ftruncate, fstat, dup, io_uring_setup, io_uring_register,
        // The runtime and the C library.
        munmap, madvise, mremap, brk, rt_sigprocmask, rt_sigreturn, rt_sigaction, sigaltstack, sched_yield, membarrier, gettid, getpid,
        clock_gettime, nanosleep, clock_nanosleep, restart_syscall, sched_getaffinity, getrandom, exit, exit_group, rseq, set_robust_list,
    ];

    /// <summary>Calls that fail with EPERM: they ask for files and limits that there are not.</summary>
    private static readonly int[] Refused = [openat, open, sysinfo, prlimit64, statfs, stat, lstat, newfstatat, access, readlink, getcwd];

    /// <param name="processId">This process: signals go nowhere else.</param>
    public static sock_filter[] Make(int processId)
    {
        var filter = new SystemCallFilter();
        filter.AllowOneOf(ioctl, SecondArgument, AllowedCommands.All);
        foreach (int call in Always)
            filter.On(call, FilterAction.Allow);
        filter.AllowWithoutBits(mmap, ThirdArgument, PROT_EXEC);
        filter.AllowWithoutBits(mprotect, ThirdArgument, PROT_EXEC);
        filter.AllowOneOf(tgkill, FirstArgument, (uint)processId);
        filter.AllowOneOf(fcntl, SecondArgument, F_GETFL, F_SETFL, F_GETFD, F_SETFD);
        filter.AllowOneOf(prctl, FirstArgument, PR_SET_NAME, PR_SET_VMA);
        // Threads only. The C library falls back to clone, whose flags can be looked at, where clone3 does not exist.
        filter.On(clone3, FilterAction.Fail(Errno.ENOSYS));
        filter.AllowWithBits(clone, FirstArgument, CLONE_THREAD);
        foreach (int call in Refused)
            filter.On(call, FilterAction.Fail(Errno.EPERM));
        return filter.ToProgram();
    }
}
