using System.Runtime.InteropServices;
using System.Text;

namespace Appliance.Linux.Libc;

/// <summary>
/// Connections of AF_UNIX that never block and never raise SIGPIPE, unix(7). Results are a count, or a negative <see cref="Errno"/>: that a peer
/// is gone or slow costs no exception.
/// </summary>
internal static unsafe partial class UnixStreams
{
    private const int SOCK_STREAM = 1;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int SHUT_WR = 1;
    private const uint FIONBIO = 0x5421;

    // struct sockaddr_un, linux/un.h
    private const int FamilyBytes = 2;
    private const int PathBytes = 108;

    /// <summary>Makes calls on a listening socket, or a device, return at once; or wait, as they do at first.</summary>
    public static void SetNonBlocking(Fd descriptor, bool isNonBlocking = true)
    {
        int value = isNonBlocking ? 1 : 0;
        Files.Ioctl(descriptor, FIONBIO, ref value, "ioctl FIONBIO");
    }

    /// <summary>Connects at once or not at all: <c>ENOENT</c> and <c>ECONNREFUSED</c> when nobody listens, <c>EAGAIN</c> when too many wait.</summary>
    /// <param name="path">At most 107 bytes, see <see cref="UnixSocketFolder"/>.</param>
    /// <returns>Null with the reason.</returns>
    public static Fd? TryConnect(string path, out Errno failure)
    {
        byte* address = stackalloc byte[FamilyBytes + PathBytes];
        new Span<byte>(address, FamilyBytes + PathBytes).Clear();
        *(ushort*)address = Sockets.AF_UNIX;
        if (!Encoding.UTF8.TryGetBytes(path, new Span<byte>(address + FamilyBytes, PathBytes - 1), out _))
        {
            failure = Errno.ENAMETOOLONG;
            return null;
        }

        var stream = socket(Sockets.AF_UNIX, SOCK_STREAM | Sockets.SOCK_CLOEXEC | Sockets.SOCK_NONBLOCK, 0);
        // SAFETY: struct sockaddr_un on the stack, its path ending in a zero; the kernel only reads.
        if (!stream.IsInvalid && connect(stream, address, FamilyBytes + PathBytes) == 0)
        {
            failure = Errno.None;
            return stream;
        }

        failure = LinuxException.LastErrno;
        stream.Dispose();
        return null;
    }

    /// <summary>The next connection of a listening socket, non-blocking; null with the reason, <c>EAGAIN</c> when there is none.</summary>
    public static Fd? TryAccept(Fd listener, out Errno failure)
    {
        var stream = accept4(listener, null, null, Sockets.SOCK_CLOEXEC | Sockets.SOCK_NONBLOCK);
        failure = stream.IsInvalid ? LinuxException.LastErrno : Errno.None;
        if (!stream.IsInvalid)
            return stream;
        stream.Dispose();
        return null;
    }

    /// <param name="flags">0 or <see cref="Sockets.MSG_PEEK"/>.</param>
    /// <returns>Bytes, 0 at the end of the stream.</returns>
    public static int TryReceive(Fd stream, Span<byte> room, int flags = 0)
    {
        // SAFETY: pinned for the call; the kernel writes at most room.Length bytes.
        fixed (byte* pointer = room)
        {
            nint got;
            while ((got = recv(stream, pointer, (nuint)room.Length, flags)) < 0)
            {
                if (LinuxException.LastErrno is var errno && errno != Errno.EINTR)
                    return -(int)errno;
            }

            return (int)got;
        }
    }

    /// <returns>Bytes, perhaps fewer than given.</returns>
    public static int TrySend(Fd stream, ReadOnlySpan<byte> bytes)
    {
        // SAFETY: pinned for the call; the kernel only reads.
        fixed (byte* pointer = bytes)
        {
            nint sent;
            while ((sent = send(stream, pointer, (nuint)bytes.Length, MSG_NOSIGNAL)) < 0)
            {
                if (LinuxException.LastErrno is var errno && errno != Errno.EINTR)
                    return -(int)errno;
            }

            return (int)sent;
        }
    }

    /// <summary>Says that nothing more will be sent; a peer that is gone does not mind.</summary>
    public static void EndSending(Fd stream) => _ = shutdown(stream, SHUT_WR);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial Fd socket(int domain, int type, int protocol);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int connect(Fd socket, byte* address, uint length);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial Fd accept4(Fd socket, byte* address, uint* length, int flags);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial nint recv(Fd socket, byte* buffer, nuint length, int flags);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial nint send(Fd socket, byte* buffer, nuint length, int flags);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int shutdown(Fd socket, int how);
}
