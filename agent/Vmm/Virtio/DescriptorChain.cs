using System.Runtime.InteropServices;
using Appliance.Linux.Uring;
using Appliance.Vmm.Memory;

namespace Appliance.Vmm.Virtio;

/// <summary>
/// Room for one descriptor chain; filled by <see cref="VirtQueue.TryPop"/>, reused for the next. What the guest meant as one message: buffers
/// for the device to read, then buffers for it to write.
/// </summary>
internal sealed unsafe class DescriptorChain : IDisposable
{
    private iovec* _vectors;

    // While writes are recorded: the writable buffers as the driver gave them, for taking bytes from the list uses it up.
    private iovec* _given;
    private bool _keepsGiven;

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
        NativeMemory.Free(_given);
        _vectors = _given = null;
    }

    internal void Begin(ushort head, bool recordsWrites)
    {
        Head = head;
        _keepsGiven = recordsWrites;
        if (recordsWrites && _given == null)
            _given = (iovec*)NativeMemory.AllocZeroed((nuint)Capacity, (nuint)sizeof(iovec));
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
        if (_keepsGiven)
            _given[count] = _vectors[count];
        if (isWritable)
            (_writableCount, _writableBytes) = (_writableCount + 1, _writableBytes + length);
        else
            (_readableCount, _readableBytes) = (_readableCount + 1, _readableBytes + length);
        return true;
    }

    /// <summary>Records what a device wrote: the first bytes of the writable buffers, and their last one, where some devices have a status.</summary>
    internal void MarkWritten(GuestMemory memory, uint written)
    {
        if (!_keepsGiven || _writableCount == 0)
            return;
        var buffers = _given + _readableCount;
        var last = buffers + (_writableCount - 1);
        memory.MarkWritten((byte*)last->iov_base + (last->iov_len - 1), 1);
        for (int i = 0; i < _writableCount && written > 0; i++)
        {
            uint part = (uint)Math.Min(written, buffers[i].iov_len);
            memory.MarkWritten(buffers[i].iov_base, part);
            written -= part;
        }
    }
}
