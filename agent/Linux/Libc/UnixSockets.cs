using System.Runtime.InteropServices;
using System.Text;

namespace Appliance.Linux.Libc;

/// <summary>Stream sockets of AF_UNIX made to be inherited by another program, unix(7).</summary>
internal static partial class UnixSockets
{
    // linux/socket.h, bits/socket_type.h
    private const int AF_UNIX = 1;
    private const int SOCK_STREAM = 1;
    private const int SOCK_CLOEXEC = 0x80000;

    // sizeof sun_path, linux/un.h
    private const int PathBytes = 108;

    /// <summary>
    /// A socket that listens at <c>{folder}/{name}</c>, replacing what was there. Connecting works from here on, before the program that
    /// inherits the socket accepts; once nobody holds it, connecting is refused.
    /// </summary>
    public static unsafe Fd Listen(string folder, string name)
    {
        File.Delete(Path.Combine(folder, name));
        var listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (listener.IsInvalid)
            throw LinuxException.Last("socket AF_UNIX");

        using var handle = new UnixSocketFolder(folder);
        var path = Encoding.UTF8.GetBytes(handle.PathOf(name));
        byte* address = stackalloc byte[2 + PathBytes];
        new Span<byte>(address, 2 + PathBytes).Clear();
        *(ushort*)address = AF_UNIX;
        path.CopyTo(new Span<byte>(address + 2, PathBytes - 1));
        // SAFETY: struct sockaddr_un on the stack, its path ending in a zero; the kernel only reads.
        if (bind(listener, address, 2 + PathBytes) < 0 || listen(listener, 4) < 0)
        {
            var failure = LinuxException.Last($"listen at {folder}/{name}");
            listener.Dispose();
            throw failure;
        }

        return listener;
    }

    /// <summary>Two sockets connected to each other.</summary>
    public static unsafe (Fd First, Fd Second) CreatePair()
    {
        int* pair = stackalloc int[2];
        // SAFETY: room for the two descriptors the kernel writes.
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
            throw LinuxException.Last("socketpair");
        return (Fd.Own(pair[0]), Fd.Own(pair[1]));
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial Fd socket(int domain, int type, int protocol);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial int bind(Fd socket, byte* address, uint length);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial int listen(Fd socket, int backlog);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial int socketpair(int domain, int type, int protocol, int* pair);
}
