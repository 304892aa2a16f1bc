namespace Appliance.Linux.Uring;

/// <summary>linux/io_uring.h and linux/falloc.h, in their original spelling.</summary>
internal static class UringConstants
{
    public const byte IORING_OP_NOP = 0;
    public const byte IORING_OP_READV = 1;
    public const byte IORING_OP_WRITEV = 2;
    public const byte IORING_OP_FSYNC = 3;
    public const byte IORING_OP_FALLOCATE = 17;

    public const uint IORING_FSYNC_DATASYNC = 1;

    public const uint IORING_FEAT_SINGLE_MMAP = 1;
    public const uint IORING_FEAT_NODROP = 2;

    public const long IORING_OFF_SQ_RING = 0;
    public const long IORING_OFF_SQES = 0x10000000;

    public const uint IORING_ENTER_GETEVENTS = 1;
    public const uint IORING_REGISTER_EVENTFD = 4;

    public const uint FALLOC_FL_KEEP_SIZE = 0x01;
    public const uint FALLOC_FL_PUNCH_HOLE = 0x02;
    public const uint FALLOC_FL_ZERO_RANGE = 0x10;
}
