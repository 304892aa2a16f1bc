namespace Appliance.Vmm.Jail;

/// <summary>Numbers of system calls on x86-64, asm/unistd_64.h, in their original spelling.</summary>
internal static class SystemCalls
{
    public const int
        read = 0, write = 1, open = 2, close = 3, stat = 4, fstat = 5, lstat = 6, poll = 7, lseek = 8, mmap = 9, mprotect = 10, munmap = 11,
        brk = 12, rt_sigaction = 13, rt_sigprocmask = 14, rt_sigreturn = 15, ioctl = 16, pread64 = 17, pwrite64 = 18, readv = 19, writev = 20,
        access = 21, sched_yield = 24, mremap = 25, madvise = 28, dup = 32, nanosleep = 35, getpid = 39, socket = 41, connect = 42,
        sendto = 44, recvfrom = 45, sendmsg = 46, recvmsg = 47, shutdown = 48, clone = 56, fork = 57, execve = 59, exit = 60, fcntl = 72,
        fdatasync = 75, fsync = 74, ftruncate = 77, getcwd = 79, readlink = 89, sysinfo = 99, ptrace = 101, sigaltstack = 131, statfs = 137,
        prctl = 157, gettid = 186, futex = 202, sched_getaffinity = 204, clock_gettime = 228, clock_nanosleep = 230, exit_group = 231,
        epoll_wait = 232, epoll_ctl = 233, tgkill = 234, openat = 257, newfstatat = 262, ppoll = 271, set_robust_list = 273, epoll_pwait = 281,
        fallocate = 285, timerfd_settime = 286, accept4 = 288, eventfd2 = 290, epoll_create1 = 291, preadv = 295, pwritev = 296,
        prlimit64 = 302, getrandom = 318, memfd_create = 319, membarrier = 324, rseq = 334, timerfd_create = 283, restart_syscall = 219,
        io_uring_setup = 425, io_uring_enter = 426, io_uring_register = 427, clone3 = 435, epoll_pwait2 = 441;
}
