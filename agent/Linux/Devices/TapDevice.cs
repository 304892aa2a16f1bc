using System.Runtime.InteropServices;
using System.Text;
using Appliance.Linux.Libc;

namespace Appliance.Linux.Devices;

/// <summary>
/// Persistent TAP interfaces: they exist without a process and wait for the guest's one, which needs no privilege when it is their owner.
/// linux/if_tun.h, Documentation/networking/tuntap.rst.
/// </summary>
internal static class TapDevice
{
    private const string Device = "/dev/net/tun";
    private const uint TUNSETIFF = 0x400454ca;
    private const uint TUNSETPERSIST = 0x400454cb;
    private const uint TUNSETOWNER = 0x400454cc;
    private const uint TUNSETGROUP = 0x400454ce;
    private const ushort IFF_TAP = 0x0002;
    private const ushort IFF_NO_PI = 0x1000;
    private const ushort IFF_VNET_HDR = 0x4000;

    // What QEMU's -netdev tap and a VMM open it with: the flags of the first opening and of later ones must agree.
    private const ushort Flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;

    /// <summary>Makes the interface in the namespace of the calling thread, or takes the existing TAP of that name, and sets its owner.</summary>
    /// <param name="ownerUid">User whose processes may open it without privileges; null: only privileged ones.</param>
    /// <exception cref="LinuxException">Among others <c>EBUSY</c>: a process has it open.</exception>
    public static void EnsurePersistent(string name, int? ownerUid, int? ownerGid)
    {
        using var tap = Open(name);
        if (ownerUid is { } uid)
            Files.Ioctl(tap, TUNSETOWNER, uid, $"set owner of {name} to {uid}");
        if (ownerGid is { } gid)
            Files.Ioctl(tap, TUNSETGROUP, gid, $"set group of {name} to {gid}");
        Files.Ioctl(tap, TUNSETPERSIST, 1, $"keep {name}");
    }

    /// <summary>Attaches to the TAP of this name, made when it does not exist: frames, each after a virtio-net header, are read and written.</summary>
    public static Fd Open(string name)
    {
        var tap = Files.Open(Device, Files.O_RDWR);
        try
        {
            var request = new IfReq { ifr_flags = Flags };
            Encoding.ASCII.GetBytes(name, request.ifr_name);
            Files.Ioctl(tap, TUNSETIFF, ref request, $"open tap {name}");
            return tap;
        }
        catch (LinuxException)
        {
            tap.Dispose();
            throw;
        }
    }

    /// <summary><c>struct ifreq</c>, linux/if.h.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    private struct IfReq
    {
        public InterfaceName ifr_name;
        public ushort ifr_flags;

        [System.Runtime.CompilerServices.InlineArray(16)]
        internal struct InterfaceName
        {
            private byte _first;
        }
    }
}
