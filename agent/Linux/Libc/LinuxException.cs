using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>A system call failed in a way its caller did not expect. The message says what was being done: <c>open /dev/vdb: EACCES (Permission denied)</c>.</summary>
internal sealed class LinuxException : Exception
{
    public LinuxException(string operation, Errno errno, string? detail = null)
        : base(Describe(operation, errno, detail)) => (Operation, Errno) = (operation, errno);

    public string Operation { get; }

    public Errno Errno { get; }

    /// <summary>The failure of the P/Invoke that this thread made last: call before anything that may change errno.</summary>
    public static LinuxException Last(string operation) => new(operation, LastErrno);

    /// <summary>errno of the P/Invoke that this thread made last.</summary>
    public static Errno LastErrno => (Errno)Marshal.GetLastPInvokeError();

    internal static string Describe(string operation, Errno errno, string? detail) =>
        $"{operation}: {errno} ({(string.IsNullOrEmpty(detail) ? Marshal.GetPInvokeErrorMessage((int)errno) : detail)})";
}
