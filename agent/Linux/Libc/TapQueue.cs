using System.Runtime.InteropServices;
using System.Text;

namespace Appliance.Linux.Libc;

/// <summary>Opens the data side of a TAP device that exists already, Linux Documentation/networking/tuntap.rst.</summary>
internal static class TapQueue
{
    // linux/if_tun.h
    private const uint TUNSETIFF = 0x400454ca;
    private const uint TUNGETIFF = 0x800454d2;
    private const ushort IFF_TAP = 0x0002;
    private const ushort IFF_PERSIST = 0x0800;
    private const ushort IFF_NO_PI = 0x1000;
    private const ushort IFF_VNET_HDR = 0x4000;

    private const int IFNAMSIZ = 16;

    /// <summary>
    /// A descriptor whose frames carry virtio-net headers. <c>ENODEV</c>: there is no persistent device of this name (the kernel would make
    /// a new one, which is not what was meant); <c>EBUSY</c>: somebody has it open.
    /// </summary>
    public static Errno TryOpen(string name, out Fd? queue)
    {
        queue = null;
        var fd = Files.Open("/dev/net/tun", Files.O_RDWR | Files.O_NONBLOCK);
        var request = new InterfaceRequest { ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
        Encoding.ASCII.GetBytes(name, MemoryMarshal.CreateSpan(ref request.ifr_name.First, IFNAMSIZ - 1));
        var errno = Files.TryIoctl(fd, TUNSETIFF, ref request, out _);
        if (errno == Errno.None)
        {
            errno = Files.TryIoctl(fd, TUNGETIFF, ref request, out _);
            if (errno == Errno.None && (request.ifr_flags & IFF_PERSIST) == 0)
                errno = Errno.ENODEV;
        }

        if (errno == Errno.None)
            queue = fd;
        else
            fd.Dispose();
        return errno;
    }

    /// <summary><c>struct ifreq</c>, linux/if.h: the name, then a union of 24 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    internal struct InterfaceRequest
    {
        public NameBytes ifr_name;
        public ushort ifr_flags;
    }

    [StructLayout(LayoutKind.Sequential, Size = IFNAMSIZ)]
    internal struct NameBytes
    {
        public byte First;
    }
}
