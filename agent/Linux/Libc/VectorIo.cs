using System.Runtime.InteropServices;
using Appliance.Linux.Uring;

namespace Appliance.Linux.Libc;

/// <summary>Scattered reads and writes, readv(2) and pwritev(2) families. The caller keeps the buffers valid for the call.</summary>
internal static unsafe partial class VectorIo
{
    /// <summary>Bytes transferred, or a negative <see cref="Errno"/>: expected failures of packet and disk paths cost no exception.</summary>
    public static int TryWrite(Fd fd, iovec* vectors, int count) => Result(writev(fd, vectors, count));

    public static int TryReadAt(Fd fd, iovec* vectors, int count, long position) => Result(preadv(fd, vectors, count, position));

    public static int TryWriteAt(Fd fd, iovec* vectors, int count, long position) => Result(pwritev(fd, vectors, count, position));

    public static int TryAllocate(Fd fd, uint mode, long position, long lengthBytes) => Result(fallocate(fd, (int)mode, position, lengthBytes));

    public static int TryFlush(Fd fd) => Result(fdatasync(fd));

    private static int Result(nint result) => result >= 0 ? (int)result : -(int)LinuxException.LastErrno;

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial nint writev(Fd fd, iovec* vectors, int count);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial nint preadv(Fd fd, iovec* vectors, int count, long position);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial nint pwritev(Fd fd, iovec* vectors, int count, long position);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int fallocate(Fd fd, int mode, long offset, long length);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int fdatasync(Fd fd);
}
