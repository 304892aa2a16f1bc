using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary><c>struct sock_filter</c>, linux/filter.h: one instruction of classic BPF.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct SockFilter(ushort code, byte jt, byte jf, uint k)
{
    public readonly ushort code = code;
    public readonly byte jt = jt;
    public readonly byte jf = jf;
    public readonly uint k = k;
}

/// <summary><c>struct sock_fprog</c>, linux/filter.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SockFprog
{
    public ushort len;
    public SockFilter* filter;
}

/// <summary>
/// Whole Ethernet frames of one interface, packet(7): what comes in from the wire (for a TAP: from the guest) and passes a filter in the
/// kernel; what is sent goes straight out. Frames are seen before a bridge takes them.
/// </summary>
internal static class PacketSocket
{
    // linux/bpf_common.h, linux/filter.h
    public const ushort BPF_LD_H_ABS = 0x28;
    public const ushort BPF_LD_B_ABS = 0x30;
    public const ushort BPF_LD_H_IND = 0x48;
    public const ushort BPF_LDX_B_MSH = 0xb1;
    public const ushort BPF_JMP_JEQ_K = 0x15;
    public const ushort BPF_JMP_JSET_K = 0x45;
    public const ushort BPF_RET_K = 0x06;

    /// <summary>Opens a non-blocking socket that queues only what the filter lets through.</summary>
    /// <param name="receiveBufferBytes">More than this, bookkeeping included, is dropped until it is read.</param>
    /// <returns>False when the interface is gone or down: <paramref name="failure"/> says which.</returns>
    public static unsafe bool TryOpen(
        int interfaceIndex, ReadOnlySpan<SockFilter> filter, int receiveBufferBytes, out Fd socket, out Errno failure)
    {
        // Protocol 0 receives nothing: no frame comes in before the filter is in place.
        socket = Sockets.Open(Sockets.AF_PACKET, Sockets.SOCK_RAW | Sockets.SOCK_NONBLOCK, 0);
        try
        {
            // SAFETY: pinned for the call; the kernel copies the program.
            fixed (SockFilter* instructions = filter)
            {
                var program = new SockFprog { len = (ushort)filter.Length, filter = instructions };
                Sockets.SetOption(socket, Sockets.SOL_SOCKET, Sockets.SO_ATTACH_FILTER, program, "SO_ATTACH_FILTER");
            }

            Sockets.SetOption(socket, Sockets.SOL_PACKET, Sockets.PACKET_IGNORE_OUTGOING, 1, "PACKET_IGNORE_OUTGOING");
            Sockets.SetOption(socket, Sockets.SOL_SOCKET, Sockets.SO_RCVBUF, receiveBufferBytes, "SO_RCVBUF");
            Sockets.Bind(socket, SockAddrLl.For(interfaceIndex, Sockets.ETH_P_ALL), $"bind packet socket to interface {interfaceIndex}");
            failure = Errno.None;
            return true;
        }
        catch (LinuxException error) when (error.Errno is Errno.ENODEV or Errno.ENXIO or Errno.ENETDOWN)
        {
            socket.Dispose();
            failure = error.Errno;
            return false;
        }
        catch (LinuxException)
        {
            socket.Dispose();
            throw;
        }
    }
}
