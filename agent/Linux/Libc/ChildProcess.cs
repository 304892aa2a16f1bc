using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>How a process ended.</summary>
/// <param name="Code">Exit code, or the number of the signal that killed it.</param>
internal readonly record struct ProcessEnd(bool WasSignalled, int Code)
{
    public bool Succeeded => !WasSignalled && Code == 0;

    public override string ToString() => WasSignalled ? $"killed by signal {Code}" : $"exit code {Code}";
}

/// <summary>Children of this process, waitid(2).</summary>
internal static partial class ChildProcess
{
    private const int P_PID = 1;
    private const int WEXITED = 4;
    private const int CLD_EXITED = 1;

    // siginfo_t has 128 bytes; si_code and si_status of SIGCHLD are at these offsets on 64-bit machines (asm-generic/siginfo.h).
    private const int SigInfoBytes = 128;
    private const int SigInfoCode = 8;
    private const int SigInfoStatus = 24;

    /// <summary>Waits for a child's end and takes it off the process table. Blocks. Null: it is not (or no longer) a child of this process.</summary>
    public static unsafe ProcessEnd? Wait(int processId)
    {
        // SAFETY: a local buffer of the struct's full size.
        byte* info = stackalloc byte[SigInfoBytes];
        while (waitid(P_PID, (uint)processId, info, WEXITED) < 0)
        {
            var errno = LinuxException.LastErrno;
            if (errno == (Errno)ECHILD)
                return null;
            if (errno != Errno.EINTR)
                throw new LinuxException($"waitid {processId}", errno);
        }

        return new ProcessEnd(*(int*)(info + SigInfoCode) != CLD_EXITED, *(int*)(info + SigInfoStatus));
    }

    private const int ECHILD = 10;

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial int waitid(int idType, uint id, byte* info, int options);
}
