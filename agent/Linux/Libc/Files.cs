using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>Files and devices: open(2), read(2), write(2), ioctl(2), fcntl(2). Retries <c>EINTR</c>; <c>EAGAIN</c> is a result.</summary>
internal static partial class Files
{
    internal const string Library = "libc.so.6";

    // asm-generic/fcntl.h
    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public const int O_RDWR = 2;
    public const int O_CREAT = 0x40;
    public const int O_EXCL = 0x80;
    public const int O_NONBLOCK = 0x800;
    public const int O_DIRECTORY = 0x10000;
    public const int O_NOFOLLOW = 0x20000;
    public const int O_CLOEXEC = 0x80000;

    /// <summary>Opens a path, close-on-exec; throws when it cannot.</summary>
    public static Fd Open(string path, int flags, int mode = 0) =>
        TryOpen(path, flags, mode, out var fd) is var errno && errno == Errno.None
            ? fd
            : throw new LinuxException($"open {path}", errno);

    /// <summary>Opens a path, close-on-exec; the reason when it cannot.</summary>
    public static Errno TryOpen(string path, int flags, int mode, out Fd fd)
    {
        while (true)
        {
            fd = open(path, flags | O_CLOEXEC, mode);
            if (!fd.IsInvalid)
                return Errno.None;

            var errno = LinuxException.LastErrno;
            fd.Dispose();
            if (errno != Errno.EINTR)
                return errno;
        }
    }

    /// <summary>Reads what is there. False when the descriptor is non-blocking and nothing is; 0 bytes is the end.</summary>
    public static bool TryRead(Fd fd, Span<byte> buffer, out int length)
    {
        while (true)
        {
            nint read = Read(fd, buffer);
            if (read >= 0)
            {
                length = (int)read;
                return true;
            }

            var errno = LinuxException.LastErrno;
            if (errno == Errno.EINTR)
                continue;
            length = 0;
            return errno == Errno.EAGAIN ? false : throw new LinuxException($"read descriptor {fd.Number}", errno);
        }
    }

    /// <summary>Writes once; may be short. False when the descriptor is non-blocking and has no room.</summary>
    public static bool TryWrite(Fd fd, ReadOnlySpan<byte> bytes, out int length)
    {
        while (true)
        {
            nint written = Write(fd, bytes);
            if (written >= 0)
            {
                length = (int)written;
                return true;
            }

            var errno = LinuxException.LastErrno;
            if (errno == Errno.EINTR)
                continue;
            length = 0;
            return errno == Errno.EAGAIN ? false : throw new LinuxException($"write descriptor {fd.Number}", errno);
        }
    }

    /// <summary>ioctl with a plain number as argument; the result, or throws naming <paramref name="operation"/>.</summary>
    public static int Ioctl(Fd fd, uint request, nint argument, string operation)
    {
        var errno = TryIoctl(fd, request, argument, out int result);
        return errno == Errno.None ? result : throw new LinuxException(operation, errno);
    }

    /// <summary>As <see cref="Ioctl(Fd,uint,nint,string)"/>, with the reason as a value.</summary>
    public static Errno TryIoctl(Fd fd, uint request, nint argument, out int result)
    {
        while (true)
        {
            result = ioctl(fd, request, argument);
            if (result >= 0)
                return Errno.None;
            if (LinuxException.LastErrno is var errno && errno != Errno.EINTR)
                return errno;
        }
    }

    /// <summary>ioctl with a struct that the kernel reads and may write; the result, or throws naming <paramref name="operation"/>.</summary>
    public static int Ioctl<T>(Fd fd, uint request, ref T argument, string operation) where T : unmanaged
    {
        var errno = TryIoctl(fd, request, ref argument, out int result);
        return errno == Errno.None ? result : throw new LinuxException(operation, errno);
    }

    /// <summary>As <see cref="Ioctl{T}"/>, with the reason as a value.</summary>
    public static unsafe Errno TryIoctl<T>(Fd fd, uint request, ref T argument, out int result) where T : unmanaged
    {
        // SAFETY: the struct is pinned for the call; the caller chose T as the one the request takes.
        fixed (T* pointer = &argument)
        {
            while (true)
            {
                result = ioctl(fd, request, (nint)pointer);
                if (result >= 0)
                    return Errno.None;
                if (LinuxException.LastErrno is var errno && errno != Errno.EINTR)
                    return errno;
            }
        }
    }

    private static unsafe nint Read(Fd fd, Span<byte> buffer)
    {
        // SAFETY: pinned for the call; the kernel writes at most buffer.Length bytes.
        fixed (byte* pointer = buffer)
            return read(fd, pointer, (nuint)buffer.Length);
    }

    private static unsafe nint Write(Fd fd, ReadOnlySpan<byte> bytes)
    {
        // SAFETY: pinned for the call; the kernel only reads.
        fixed (byte* pointer = bytes)
            return write(fd, pointer, (nuint)bytes.Length);
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial Fd open(string path, int flags, int mode);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint read(Fd fd, byte* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint write(Fd fd, byte* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int ioctl(Fd fd, nuint request, nint argument);
}
