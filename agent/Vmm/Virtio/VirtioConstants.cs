namespace Appliance.Vmm.Virtio;

/// <summary>Names and numbers of Virtio 1.2 that all devices share, in their original spelling.</summary>
internal static class VirtioConstants
{
    // §2.1 device status
    public const byte ACKNOWLEDGE = 1;
    public const byte DRIVER = 2;
    public const byte DRIVER_OK = 4;
    public const byte FEATURES_OK = 8;
    public const byte DEVICE_NEEDS_RESET = 64;
    public const byte FAILED = 128;

    // §6 reserved feature bits
    public const int VIRTIO_F_INDIRECT_DESC = 28;
    public const int VIRTIO_F_EVENT_IDX = 29;
    public const int VIRTIO_F_VERSION_1 = 32;

    // §2.7.5 descriptors
    public const ushort VIRTQ_DESC_F_NEXT = 1;
    public const ushort VIRTQ_DESC_F_WRITE = 2;
    public const ushort VIRTQ_DESC_F_INDIRECT = 4;

    public const ushort VIRTQ_AVAIL_F_NO_INTERRUPT = 1;
    public const ushort VIRTQ_USED_F_NO_NOTIFY = 1;

    // §5 device types
    public const ushort VIRTIO_ID_NET = 1;
    public const ushort VIRTIO_ID_BLOCK = 2;
    public const ushort VIRTIO_ID_CONSOLE = 3;
    public const ushort VIRTIO_ID_RNG = 4;
    public const ushort VIRTIO_ID_BALLOON = 5;
    public const ushort VIRTIO_ID_VSOCK = 19;

    public static ulong Bit(int number) => 1UL << number;
}
