using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Copies inside the kernel: shared blocks where the file system can (FICLONE), otherwise only the parts that hold data.</summary>
internal static partial class FileClones
{
    // linux/fs.h: _IOW(0x94, 9, int)
    private const uint FICLONE = 0x40049409;

    // linux/fs.h
    private const int SEEK_DATA = 3;
    private const int SEEK_HOLE = 4;

    // Bytes between two looks at the cancellation token.
    private const long StepBytes = 64 << 20;

    /// <summary>Makes <paramref name="target"/> share all blocks of <paramref name="source"/>; false when this file system cannot, or not between the two.</summary>
    public static bool TryReflink(Fd source, Fd target)
    {
        if (ioctl(target, FICLONE, source.Number) >= 0)
            return true;

        var errno = LinuxException.LastErrno;
        return errno is Errno.EOPNOTSUPP or Errno.EXDEV or Errno.EINVAL or Errno.ENOTTY or Errno.ENOSYS
            ? false
            : throw new LinuxException("ioctl FICLONE", errno);
    }

    /// <summary>Copies the data, not the holes, of a file into an empty one of the same length. Blocks.</summary>
    public static void CopySparse(Fd source, Fd target, CancellationToken ct)
    {
        long length = Seek(source, 0, 2, "SEEK_END");
        if (ftruncate(target, length) < 0)
            throw LinuxException.Last("ftruncate");

        for (long position = 0; position < length;)
        {
            long data = lseek(source, position, SEEK_DATA);
            if (data < 0 && LinuxException.LastErrno == Errno.ENXIO)
                return;   // nothing but a hole up to the end
            if (data < 0)
                throw LinuxException.Last("lseek SEEK_DATA");

            position = Seek(source, data, SEEK_HOLE, "SEEK_HOLE");
            CopyRange(source, target, data, position, ct);
        }
    }

    private static unsafe void CopyRange(Fd source, Fd target, long from, long to, CancellationToken ct)
    {
        while (from < to)
        {
            ct.ThrowIfCancellationRequested();
            long readAt = from;
            long writeAt = from;
            // SAFETY: two locals; the kernel moves them on by what it copied.
            nint copied = copy_file_range(source, &readAt, target, &writeAt, (nuint)Math.Min(to - from, StepBytes), 0);
            if (copied < 0)
                throw LinuxException.Last("copy_file_range");
            if (copied == 0)
                throw new EndOfStreamException("copy_file_range: the source became shorter");
            from += copied;
        }
    }

    private static long Seek(Fd fd, long offset, int whence, string name)
    {
        long position = lseek(fd, offset, whence);
        return position >= 0 ? position : throw LinuxException.Last($"lseek {name}");
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int ioctl(Fd fd, nuint request, nint argument);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial long lseek(Fd fd, long offset, int whence);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int ftruncate(Fd fd, long length);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial nint copy_file_range(Fd source, long* sourceOffset, Fd target, long* targetOffset, nuint length, uint flags);
}
