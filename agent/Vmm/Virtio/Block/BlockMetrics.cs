namespace Appliance.Vmm.Virtio.Block;

/// <summary>Counts since the device was made; written under its lock.</summary>
internal sealed class BlockMetrics
{
    public long Reads;

    public long ReadBytes;

    public long Writes;

    public long WrittenBytes;

    public long Flushes;

    /// <summary>Discards and write-zeroes.</summary>
    public long RangeOperations;

    /// <summary>Requests answered with an I/O error, the guest's or the disk's.</summary>
    public long Errors;

    /// <summary>Times that a request had to wait for the limit.</summary>
    public long Throttled;

    /// <summary>Gives each count with its name in the control protocol.</summary>
    public void Read(Action<string, long> read)
    {
        read("reads", Reads);
        read("readBytes", ReadBytes);
        read("writes", Writes);
        read("writtenBytes", WrittenBytes);
        read("flushes", Flushes);
        read("rangeOperations", RangeOperations);
        read("errors", Errors);
        read("throttled", Throttled);
    }
}
