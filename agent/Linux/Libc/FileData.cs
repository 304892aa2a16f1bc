using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Contents of files at positions: pread(2), pwrite(2), ftruncate(2), fallocate(2), fdatasync(2).</summary>
internal static unsafe partial class FileData
{
    private const int SEEK_END = 2;
    private const int SEEK_DATA = 3;
    private const int SEEK_HOLE = 4;

    /// <summary>Bytes; of a block device its capacity.</summary>
    public static long GetLength(Fd file)
    {
        long length = lseek(file, 0, SEEK_END);
        return length < 0 ? throw LinuxException.Last("lseek") : length;
    }

    /// <summary>The first run of data at or after a position, lseek(2); everything up to it is a hole and reads as zeros.</summary>
    /// <param name="end">Of the data.</param>
    /// <returns>False: there is no more data.</returns>
    public static bool TryFindData(Fd file, long position, out long start, out long end)
    {
        end = 0;
        start = lseek(file, position, SEEK_DATA);
        if (start < 0)
            return LinuxException.LastErrno == Errno.ENXIO ? false : throw LinuxException.Last("lseek");
        end = lseek(file, start, SEEK_HOLE);
        return end >= 0 ? true : throw LinuxException.Last("lseek");
    }

    /// <summary>Returns when the file's contents are on the disk, fdatasync(2). A file without a disk has them nowhere else.</summary>
    public static void Flush(Fd file)
    {
        if (fdatasync(file) < 0 && LinuxException.LastErrno is var errno && errno != Errno.EINVAL)
            throw new LinuxException("fdatasync", errno);
    }

    public static void SetLength(Fd file, long lengthBytes)
    {
        if (ftruncate(file, lengthBytes) < 0)
            throw LinuxException.Last("ftruncate");
    }

    /// <summary>Fills the buffer from a position; false when the file ends before.</summary>
    public static bool TryReadAt(Fd file, long position, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            nint read;
            // SAFETY: pinned for the call; the kernel writes at most buffer.Length bytes.
            fixed (byte* pointer = buffer)
                read = pread(file, pointer, (nuint)buffer.Length, position);
            if (read == 0)
                return false;
            if (read < 0)
            {
                if (LinuxException.LastErrno is var errno && errno != Errno.EINTR)
                    throw new LinuxException("pread", errno);
                continue;
            }

            buffer = buffer[(int)read..];
            position += read;
        }

        return true;
    }

    /// <summary>Writes all of the buffer at a position.</summary>
    public static void WriteAt(Fd file, long position, ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            nint written;
            // SAFETY: pinned for the call; the kernel only reads.
            fixed (byte* pointer = buffer)
                written = pwrite(file, pointer, (nuint)buffer.Length, position);
            if (written < 0)
            {
                if (LinuxException.LastErrno is var errno && errno != Errno.EINTR)
                    throw new LinuxException("pwrite", errno);
                continue;
            }

            buffer = buffer[(int)written..];
            position += written;
        }
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial long lseek(Fd fd, long offset, int whence);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int fdatasync(Fd fd);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int ftruncate(Fd fd, long length);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial nint pread(Fd fd, byte* buffer, nuint count, long offset);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial nint pwrite(Fd fd, byte* buffer, nuint count, long offset);
}
