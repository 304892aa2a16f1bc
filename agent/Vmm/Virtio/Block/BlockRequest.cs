using System.Runtime.InteropServices;

namespace Appliance.Vmm.Virtio.Block;

/// <summary>What a request asks the disk for.</summary>
internal enum BlockOperation
{
    Read,
    Write,
    Flush,
    Discard,
    WriteZeroes,
    GetId,

    /// <summary>Nothing the device knows: answered with VIRTIO_BLK_S_UNSUPP.</summary>
    Unsupported,

    /// <summary>Outside of the disk, or cut wrongly: answered with VIRTIO_BLK_S_IOERR.</summary>
    Invalid,
}

/// <summary>One request, Virtio 1.2 §5.2.6: parsed and checked, nothing done yet.</summary>
/// <param name="Position">Byte on the disk.</param>
/// <param name="Length">Bytes on the disk; inside it from <paramref name="Position"/> on.</param>
/// <param name="MayUnmap">Zeroes need no space on the disk.</param>
internal readonly record struct BlockRequest(BlockOperation Operation, ulong Position, ulong Length, bool MayUnmap)
{
    public const int SectorBytes = 512;
    public const int IdBytes = 20;

    public const uint VIRTIO_BLK_T_IN = 0;
    public const uint VIRTIO_BLK_T_OUT = 1;
    public const uint VIRTIO_BLK_T_FLUSH = 4;
    public const uint VIRTIO_BLK_T_GET_ID = 8;
    public const uint VIRTIO_BLK_T_DISCARD = 11;
    public const uint VIRTIO_BLK_T_WRITE_ZEROES = 13;

    private const uint UnmapFlag = 1;

    [StructLayout(LayoutKind.Sequential)]
    internal struct virtio_blk_req
    {
        public uint type;
        public uint reserved;
        public ulong sector;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct virtio_blk_discard_write_zeroes
    {
        public ulong sector;
        public uint num_sectors;
        public uint flags;
    }

    /// <summary>Takes the header (and a range's description) from the readable buffers; the rest of them is data.</summary>
    /// <param name="writable">The writable buffers without the status byte.</param>
    public static BlockRequest Parse(ref BufferList readable, in BufferList writable, in DiskLimits disk)
    {
        if (!readable.TryTake(out virtio_blk_req header))
            return new(BlockOperation.Invalid, 0, 0, false);

        return header.type switch
        {
            VIRTIO_BLK_T_IN => Transfer(BlockOperation.Read, header.sector, writable.Bytes, disk),
            VIRTIO_BLK_T_OUT => disk.IsReadOnly ? Invalid : Transfer(BlockOperation.Write, header.sector, readable.Bytes, disk),
            VIRTIO_BLK_T_FLUSH => new(BlockOperation.Flush, 0, 0, false),
            VIRTIO_BLK_T_GET_ID => writable.Bytes >= IdBytes ? new(BlockOperation.GetId, 0, 0, false) : Invalid,
            VIRTIO_BLK_T_DISCARD => Range(BlockOperation.Discard, ref readable, disk),
            VIRTIO_BLK_T_WRITE_ZEROES => Range(BlockOperation.WriteZeroes, ref readable, disk),
            _ => new(BlockOperation.Unsupported, 0, 0, false),
        };
    }

    private static BlockRequest Invalid => new(BlockOperation.Invalid, 0, 0, false);

    private static BlockRequest Transfer(BlockOperation operation, ulong sector, uint bytes, in DiskLimits disk) =>
        bytes > 0 && bytes % SectorBytes == 0 && disk.Contains(sector, bytes / SectorBytes)
            ? new(operation, sector * SectorBytes, bytes, false)
            : Invalid;

    // The device announces one range per request, of at most DiskLimits.MaxRangeSectors.
    private static BlockRequest Range(BlockOperation operation, ref BufferList readable, in DiskLimits disk)
    {
        if (disk.IsReadOnly || readable.Bytes != 16 || !readable.TryTake(out virtio_blk_discard_write_zeroes range))
            return Invalid;
        uint known = operation == BlockOperation.WriteZeroes ? UnmapFlag : 0;
        if ((range.flags & ~known) != 0)
            return new(BlockOperation.Unsupported, 0, 0, false);
        return range.num_sectors is > 0 and <= DiskLimits.MaxRangeSectors && disk.Contains(range.sector, range.num_sectors)
            ? new(operation, range.sector * SectorBytes, (ulong)range.num_sectors * SectorBytes, (range.flags & UnmapFlag) != 0)
            : Invalid;
    }
}

/// <summary>What requests are checked against.</summary>
internal readonly record struct DiskLimits(ulong Sectors, bool IsReadOnly)
{
    /// <summary>Sectors of one discard or write-zeroes request: 2 GiB.</summary>
    public const uint MaxRangeSectors = 1 << 22;

    /// <summary>Whether a range is on the disk; no sum is made that could wrap.</summary>
    public bool Contains(ulong sector, ulong count) => sector <= Sectors && count <= Sectors - sector;
}
