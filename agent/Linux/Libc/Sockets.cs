using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>
/// socket(2) and its family for the address families .NET has no type for (netlink, packet). Retries <c>EINTR</c>; a socket that would
/// block answers false.
/// </summary>
internal static partial class Sockets
{
    // linux/socket.h
    public const ushort AF_UNIX = 1;
    public const ushort AF_INET = 2;
    public const ushort AF_BRIDGE = 7;
    public const ushort AF_INET6 = 10;
    public const ushort AF_NETLINK = 16;
    public const ushort AF_PACKET = 17;
    public const int SOCK_DGRAM = 2;
    public const int SOCK_RAW = 3;
    public const int SOCK_NONBLOCK = 0x800;
    public const int SOCK_CLOEXEC = 0x80000;

    public const int SOL_SOCKET = 1;
    public const int SO_RCVBUF = 8;
    public const int SO_ATTACH_FILTER = 26;
    public const int SO_SNDBUFFORCE = 32;
    public const int SO_RCVBUFFORCE = 33;
    public const int SOL_PACKET = 263;
    public const int PACKET_ADD_MEMBERSHIP = 1;
    public const int PACKET_AUXDATA = 8;
    public const int PACKET_IGNORE_OUTGOING = 23;
    public const int SOL_NETLINK = 270;

    public const int MSG_PEEK = 2;
    public const int MSG_TRUNC = 0x20;
    public const int MSG_DONTWAIT = 0x40;

    // linux/if_ether.h
    public const ushort ETH_P_ALL = 0x0003;
    public const ushort ETH_P_IP = 0x0800;
    public const ushort ETH_P_ARP = 0x0806;
    public const ushort ETH_P_IPV6 = 0x86DD;

    /// <summary>Opens a socket, close-on-exec, in the network namespace of the calling thread; it stays there wherever it is used later.</summary>
    /// <param name="type"><see cref="SOCK_RAW"/> or <see cref="SOCK_DGRAM"/>, with <see cref="SOCK_NONBLOCK"/> when wanted.</param>
    public static Fd Open(ushort family, int type, int protocol)
    {
        var fd = socket(family, type | SOCK_CLOEXEC, protocol);
        if (!fd.IsInvalid)
            return fd;

        var error = LinuxException.Last($"socket family {family} protocol {protocol}");
        fd.Dispose();
        throw error;
    }

    /// <summary>Binds to <see cref="SockAddrNl"/> or <see cref="SockAddrLl"/>.</summary>
    public static unsafe void Bind<T>(Fd socket, in T address, string operation) where T : unmanaged
    {
        // SAFETY: pinned for the call; the length is that of the struct.
        fixed (T* pointer = &address)
        {
            if (bind(socket, pointer, (uint)sizeof(T)) < 0)
                throw LinuxException.Last(operation);
        }
    }

    /// <summary>The local address, for example the port number the kernel gave a netlink socket.</summary>
    public static unsafe T LocalAddress<T>(Fd socket) where T : unmanaged
    {
        T address = default;
        uint length = (uint)sizeof(T);
        // SAFETY: both are locals; the kernel writes at most length bytes.
        return getsockname(socket, &address, &length) < 0 ? throw LinuxException.Last("getsockname") : address;
    }

    public static unsafe void SetOption<T>(Fd socket, int level, int option, in T value, string operation) where T : unmanaged
    {
        // SAFETY: pinned for the call; the length is that of the value.
        fixed (T* pointer = &value)
        {
            if (setsockopt(socket, level, option, pointer, (uint)sizeof(T)) < 0)
                throw LinuxException.Last(operation);
        }
    }

    /// <summary>Sends to the bound or connected peer (a netlink socket: the kernel; a packet socket: its interface).</summary>
    /// <returns>False when the socket has no room now.</returns>
    public static unsafe bool TrySend(Fd socket, ReadOnlySpan<byte> bytes, int flags, out Errno failure)
    {
        // SAFETY: pinned for the call; the kernel only reads.
        fixed (byte* pointer = bytes)
        {
            while (sendto(socket, pointer, (nuint)bytes.Length, flags, null, 0) < 0)
            {
                failure = LinuxException.LastErrno;
                if (failure != Errno.EINTR)
                    return false;
            }
        }

        failure = Errno.None;
        return true;
    }

    /// <summary>Sends a frame out of one interface.</summary>
    /// <returns>False with the reason: <c>ENETDOWN</c> and <c>ENXIO</c> when the interface went away, <c>EAGAIN</c>/<c>ENOBUFS</c> when it is full.</returns>
    public static unsafe bool TrySendTo<T>(Fd socket, ReadOnlySpan<byte> bytes, in T address, out Errno failure) where T : unmanaged
    {
        // SAFETY: both are pinned for the call; the kernel only reads.
        fixed (byte* pointer = bytes)
        fixed (T* to = &address)
        {
            while (sendto(socket, pointer, (nuint)bytes.Length, 0, to, (uint)sizeof(T)) < 0)
            {
                failure = LinuxException.LastErrno;
                if (failure != Errno.EINTR)
                    return false;
            }
        }

        failure = Errno.None;
        return true;
    }

    /// <summary>Receives one datagram. With <see cref="MSG_TRUNC"/> the length is the datagram's, which may exceed the buffer.</summary>
    /// <returns>False with the reason: <c>EAGAIN</c> when nothing is there, <c>ENOBUFS</c> when the kernel dropped some.</returns>
    public static unsafe bool TryReceive(Fd socket, Span<byte> buffer, int flags, out int length, out Errno failure)
    {
        // SAFETY: pinned for the call; the kernel writes at most buffer.Length bytes.
        fixed (byte* pointer = buffer)
        {
            nint received;
            while ((received = recvfrom(socket, pointer, (nuint)buffer.Length, flags, null, null)) < 0)
            {
                failure = LinuxException.LastErrno;
                length = 0;
                if (failure != Errno.EINTR)
                    return false;
            }

            failure = Errno.None;
            length = (int)received;
            return true;
        }
    }

    /// <summary>Receives one datagram with its sender.</summary>
    public static unsafe bool TryReceiveFrom<T>(Fd socket, Span<byte> buffer, int flags, out int length, out T from, out Errno failure)
        where T : unmanaged
    {
        // SAFETY: all are pinned for the call; the kernel writes at most the lengths given.
        fixed (byte* pointer = buffer)
        fixed (T* address = &from)
        {
            *address = default;
            nint received;
            uint addressLength = (uint)sizeof(T);
            while ((received = recvfrom(socket, pointer, (nuint)buffer.Length, flags, address, &addressLength)) < 0)
            {
                failure = LinuxException.LastErrno;
                length = 0;
                if (failure != Errno.EINTR)
                    return false;
            }

            failure = Errno.None;
            length = (int)received;
            return true;
        }
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial Fd socket(int domain, int type, int protocol);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial int bind(Fd socket, void* address, uint length);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial int getsockname(Fd socket, void* address, uint* length);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial int setsockopt(Fd socket, int level, int option, void* value, uint length);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial nint sendto(Fd socket, byte* buffer, nuint length, int flags, void* address, uint addressLength);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static unsafe partial nint recvfrom(Fd socket, byte* buffer, nuint length, int flags, void* address, uint* addressLength);
}
