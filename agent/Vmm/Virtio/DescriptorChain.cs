using System.Runtime.InteropServices;
using Appliance.Linux.Uring;

namespace Appliance.Vmm.Virtio;

/// <summary>
/// Room for one descriptor chain; filled by <see cref="VirtQueue.TryPop"/>, reused for the next. What the guest meant as one message: buffers
/// for the device to read, then buffers for it to write.
/// </summary>
internal sealed unsafe class DescriptorChain : IDisposable
{
    private iovec* _vectors;

    /// <param name="capacity">Most buffers a chain may have: the queue's size, for the standard allows no longer chains.</param>
    public DescriptorChain(int capacity)
    {
        Capacity = capacity;
        _vectors = (iovec*)NativeMemory.AllocZeroed((nuint)capacity, (nuint)sizeof(iovec));
    }

    public int Capacity { get; }

    /// <summary>Number of the first descriptor, with which the device gives the chain back.</summary>
    public ushort Head { get; private set; }

    /// <summary>What the device reads. Ask once per chain: taking bytes uses up the chain's own buffers.</summary>
    public BufferList Readable => new(_vectors, _readableCount, _readableBytes);

    /// <summary>What the device writes; once per chain, as above.</summary>
    public BufferList Writable => new(_vectors + _readableCount, _writableCount, _writableBytes);

    private int _readableCount, _writableCount;
    private uint _readableBytes, _writableBytes;

    public void Dispose()
    {
        NativeMemory.Free(_vectors);
        _vectors = null;
    }

    internal void Begin(ushort head)
    {
        Head = head;
        _readableCount = _writableCount = 0;
        _readableBytes = _writableBytes = 0;
    }

    /// <summary>False when the chain is too long, longer than 4 GiB, or has a readable buffer after a writable one (§2.7.4.2).</summary>
    internal bool TryAdd(byte* host, uint length, bool isWritable)
    {
        if (length == 0)
            return true;
        int count = _readableCount + _writableCount;
        if (count == Capacity || (!isWritable && _writableCount > 0) || length > uint.MaxValue - _readableBytes - _writableBytes)
            return false;
        _vectors[count] = new iovec { iov_base = host, iov_len = length };
        if (isWritable)
            (_writableCount, _writableBytes) = (_writableCount + 1, _writableBytes + length);
        else
            (_readableCount, _readableBytes) = (_readableCount + 1, _readableBytes + length);
        return true;
    }
}
