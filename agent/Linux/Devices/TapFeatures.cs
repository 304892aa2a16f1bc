using Appliance.Linux.Libc;

namespace Appliance.Linux.Devices;

/// <summary>What a TAP's frames carry besides bytes: header size and offloads, linux/if_tun.h.</summary>
internal static class TapFeatures
{
    private const uint TUNSETOFFLOAD = 0x400454d0;
    private const uint TUNSETVNETHDRSZ = 0x400454d8;

    public const uint TUN_F_CSUM = 0x01;
    public const uint TUN_F_TSO4 = 0x02;
    public const uint TUN_F_TSO6 = 0x04;
    public const uint TUN_F_TSO_ECN = 0x08;

    /// <summary>Size of the virtio-net header before each frame: 10, or 12 with the number of buffers.</summary>
    public static void SetHeaderSize(Fd tap, int bytes) => Files.Ioctl(tap, TUNSETVNETHDRSZ, ref bytes, "TUNSETVNETHDRSZ");

    /// <summary>What the reader of the frames can take: without checksums, or longer than a packet.</summary>
    public static Errno SetOffloads(Fd tap, uint offloads) => Files.TryIoctl(tap, TUNSETOFFLOAD, (nint)offloads, out _);
}
