using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Makes renames in a directory survive a power cut: fsync(2) on the directory.</summary>
internal static partial class DurableDirectory
{
    // asm-generic/fcntl.h
    private const int O_DIRECTORY = 0x10000;
    private const int O_CLOEXEC = 0x80000;

    public static void Flush(string path)
    {
        var descriptor = open(path, O_DIRECTORY | O_CLOEXEC);
        if (descriptor < 0)
            throw new IOException($"open {path}", new Win32Exception(Marshal.GetLastPInvokeError()));

        var result = fsync(descriptor);
        var error = Marshal.GetLastPInvokeError();
        _ = close(descriptor);
        if (result < 0)
            throw new IOException($"fsync {path}", new Win32Exception(error));
    }

    [LibraryImport("libc.so.6", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial int fsync(int descriptor);

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial int close(int descriptor);
}
