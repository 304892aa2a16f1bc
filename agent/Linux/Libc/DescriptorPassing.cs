using System.Runtime.InteropServices;
using Appliance.Linux.Uring;

namespace Appliance.Linux.Libc;

/// <summary>Descriptors that travel with bytes over a Unix socket: SCM_RIGHTS, unix(7). Neither call blocks or raises SIGPIPE.</summary>
internal static unsafe partial class DescriptorPassing
{
    /// <summary>Most descriptors of one message.</summary>
    public const int MaxDescriptors = 32;

    private const int SOL_SOCKET = 1;
    private const int SCM_RIGHTS = 1;
    private const int MSG_DONTWAIT = 0x40;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int MSG_CMSG_CLOEXEC = 0x40000000;

    // struct cmsghdr: a length that includes it, level and type; then the data, all aligned to 8 bytes.
    private const int HeaderBytes = 16;
    private const int ControlBytes = HeaderBytes + MaxDescriptors * sizeof(int);

#pragma warning disable CS8981      // the kernel's own name
    /// <summary><c>struct msghdr</c>, bits/socket.h on 64-bit machines.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct msghdr
    {
        public void* msg_name;
        public uint msg_namelen;
        public iovec* msg_iov;
        public nuint msg_iovlen;
        public void* msg_control;
        public nuint msg_controllen;
        public int msg_flags;
    }
#pragma warning restore CS8981

    /// <summary>Receives bytes, and the descriptors that came with them.</summary>
    /// <param name="descriptors">Those are added; the caller owns them.</param>
    /// <returns>Bytes, 0 at the end of the stream, or a negative <see cref="Errno"/>.</returns>
    public static int TryReceive(Fd stream, Span<byte> room, List<Fd> descriptors)
    {
        byte* control = stackalloc byte[ControlBytes];
        // SAFETY: buffers are pinned or on the stack for the call, with their lengths.
        fixed (byte* pointer = room)
        {
            var vector = new iovec { iov_base = pointer, iov_len = (nuint)room.Length };
            var message = new msghdr { msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = ControlBytes };
            nint got;
            while ((got = recvmsg(stream, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC)) < 0)
            {
                if (LinuxException.LastErrno is var errno && errno != Errno.EINTR)
                    return -(int)errno;
            }

            Collect(control, (int)message.msg_controllen, descriptors);
            return (int)got;
        }
    }

    /// <summary>Sends bytes with descriptors, which stay the caller's too.</summary>
    /// <returns>Bytes, perhaps fewer than given (the descriptors went with the first), or a negative <see cref="Errno"/>.</returns>
    public static int TrySend(Fd stream, ReadOnlySpan<byte> bytes, ReadOnlySpan<Fd> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptors);
        byte* control = stackalloc byte[ControlBytes];
        int controlBytes = HeaderBytes + descriptors.Length * sizeof(int);
        *(nuint*)control = (nuint)controlBytes;
        *(int*)(control + 8) = SOL_SOCKET;
        *(int*)(control + 12) = SCM_RIGHTS;
        for (int i = 0; i < descriptors.Length; i++)
            *(int*)(control + HeaderBytes + i * sizeof(int)) = descriptors[i].Number;
        // SAFETY: as above; the kernel only reads.
        fixed (byte* pointer = bytes)
        {
            var vector = new iovec { iov_base = pointer, iov_len = (nuint)bytes.Length };
            var message = new msghdr { msg_iov = &vector, msg_iovlen = 1 };
            if (!descriptors.IsEmpty)
            {
                message.msg_control = control;
                message.msg_controllen = (nuint)((controlBytes + 7) & ~7);
            }

            nint sent;
            while ((sent = sendmsg(stream, &message, MSG_NOSIGNAL)) < 0)
            {
                if (LinuxException.LastErrno is var errno && errno != Errno.EINTR)
                    return -(int)errno;
            }

            return (int)sent;
        }
    }

    private static void Collect(byte* control, int controlBytes, List<Fd> descriptors)
    {
        for (int at = 0; at + HeaderBytes <= controlBytes;)
        {
            int length = (int)Math.Min(*(nuint*)(control + at), (nuint)(controlBytes - at));
            if (length < HeaderBytes)
                return;
            if (*(int*)(control + at + 8) == SOL_SOCKET && *(int*)(control + at + 12) == SCM_RIGHTS)
            {
                for (int data = at + HeaderBytes; data + sizeof(int) <= at + length; data += sizeof(int))
                    descriptors.Add(Fd.Own(*(int*)(control + data)));
            }

            at += (length + 7) & ~7;
        }
    }

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial nint recvmsg(Fd socket, msghdr* message, int flags);

    [LibraryImport(Files.Library, SetLastError = true)]
    private static partial nint sendmsg(Fd socket, msghdr* message, int flags);
}
