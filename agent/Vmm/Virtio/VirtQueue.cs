using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Linux.Libc;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Virtio;

/// <summary>What became of looking for a chain.</summary>
internal enum QueuePop
{
    Taken,
    Empty,

    /// <summary>The driver wrote what no driver may write: the device must stop until it is reset.</summary>
    Broken,
}

/// <summary>
/// The device's side of a split virtqueue, Virtio 1.2 §2.7, with indirect descriptors and event indices. Everything in the rings is the guest's
/// and hostile: each field is read once into a local, then checked. Of one thread at a time (the device's lock); allocates nothing.
/// </summary>
internal sealed unsafe class VirtQueue(GuestMemory memory, ushort maxSize) : IDisposable
{
    private const int DescriptorBytes = 16;

    private byte* _descriptors, _available, _used;
    private ushort _mask;
    private ushort _nextAvailable;
    private ushort _nextUsed;
    private ushort _signalledUsed;
    private bool _hasEventIndex;
    private bool _hasIndirect;

    [StructLayout(LayoutKind.Sequential)]
    private struct virtq_desc
    {
        public ulong addr;
        public uint len;
        public ushort flags;
        public ushort next;
    }

    /// <summary>Signalled when the driver says that there are new chains.</summary>
    public EventFd Notify { get; } = new();

    public ushort MaxSize { get; } = maxSize;

    // What the driver sets up before it enables the queue (§4.1.4.3); nothing of it is believed before TryActivate.
    public ushort Size { get; set; } = maxSize;

    public ulong DescriptorArea { get; set; }

    public ulong DriverArea { get; set; }

    public ulong DeviceArea { get; set; }

    public bool IsEnabled { get; set; }

    /// <summary>Whether chains can be taken and given back.</summary>
    public bool IsActive { get; private set; }

    /// <summary>Position in the driver's ring of the next chain to take; the used ring's is <see cref="NextUsed"/>. For snapshots.</summary>
    public ushort NextAvailable => _nextAvailable;

    public ushort NextUsed => _nextUsed;

    /// <summary>Checks what the driver set up and starts the queue; false when it is not what §2.7 asks for, or not in RAM.</summary>
    /// <param name="features">Negotiated feature bits.</param>
    public bool TryActivate(ulong features)
    {
        uint size = Size;
        if (!IsEnabled || size == 0 || size > MaxSize || (size & (size - 1)) != 0)
            return false;
        if (DescriptorArea % 16 != 0 || DriverArea % 2 != 0 || DeviceArea % 4 != 0)
            return false;
        if (!memory.TryPointer(DescriptorArea, size * DescriptorBytes, out _descriptors)
            || !memory.TryPointer(DriverArea, 6 + 2 * size, out _available)
            || !memory.TryPointer(DeviceArea, 6 + 8 * size, out _used))
            return false;

        _mask = (ushort)(size - 1);
        _hasEventIndex = (features & VirtioConstants.Bit(VirtioConstants.VIRTIO_F_EVENT_IDX)) != 0;
        _hasIndirect = (features & VirtioConstants.Bit(VirtioConstants.VIRTIO_F_INDIRECT_DESC)) != 0;
        _nextAvailable = _nextUsed = _signalledUsed = 0;
        IsActive = true;
        return true;
    }

    /// <summary>Back to what it was before the driver knew of it.</summary>
    public void Reset()
    {
        IsActive = IsEnabled = false;
        Size = MaxSize;
        DescriptorArea = DriverArea = DeviceArea = 0;
        Notify.Clear();
    }

    /// <summary>Takes the next chain that the driver made available.</summary>
    /// <param name="chain">Filled exactly when <see cref="QueuePop.Taken"/> is returned; its capacity is at least the queue's size.</param>
    public QueuePop TryPop(DescriptorChain chain)
    {
        // Acquire: the ring entry and descriptors were written before the index.
        ushort index = Volatile.Read(ref *(ushort*)(_available + 2));
        ushort pending = (ushort)(index - _nextAvailable);
        if (pending == 0)
            return QueuePop.Empty;
        if (pending > Size)
            return QueuePop.Broken;

        ushort head = Unsafe.ReadUnaligned<ushort>(_available + 4 + 2 * (_nextAvailable & _mask));
        if (head > _mask)
            return QueuePop.Broken;
        chain.Begin(head, memory.WriteLog is not null);
        if (!TryWalk(chain, _descriptors, (uint)_mask + 1, head, mayBeIndirect: _hasIndirect))
            return QueuePop.Broken;
        _nextAvailable++;
        return QueuePop.Taken;
    }

    /// <summary>Gives a chain back to the driver.</summary>
    /// <param name="written">Bytes from the start of the writable buffers that the device has written.</param>
    public void Push(DescriptorChain chain, uint written)
    {
        Stage(chain, written);
        Publish();
    }

    /// <summary>As <see cref="Push"/>, but the driver sees nothing of it before <see cref="Publish"/>: a message of several chains appears at once.</summary>
    public void Stage(DescriptorChain chain, uint written)
    {
        byte* element = _used + 4 + 8 * (_nextUsed & _mask);
        Unsafe.WriteUnaligned(element, (uint)chain.Head);
        Unsafe.WriteUnaligned(element + 4, written);
        _nextUsed++;
        memory.MarkWritten(element, 8);
        chain.MarkWritten(memory, written);
    }

    /// <summary>Release: the driver sees the elements, and the data, before the index.</summary>
    public void Publish()
    {
        Volatile.Write(ref *(ushort*)(_used + 2), _nextUsed);
        memory.MarkWritten(_used, 4);
    }

    /// <summary>Takes back the last chains that were staged but not published.</summary>
    public void Unstage(ushort count) => _nextUsed -= count;

    /// <summary>Takes back the last chains that were popped, to pop them again later; they may read differently then.</summary>
    public void Unpop(ushort count) => _nextAvailable -= count;

    /// <summary>Whether the driver has made nothing new available.</summary>
    public bool IsEmpty => Volatile.Read(ref *(ushort*)(_available + 2)) == _nextAvailable;

    /// <summary>Whether the driver wants to hear of what was pushed since the last time this was asked; §2.7.7.</summary>
    public bool NeedsInterrupt()
    {
        if (_nextUsed == _signalledUsed)
            return false;

        // The index must be visible before the driver's wish is read, or both sides wait for each other.
        Interlocked.MemoryBarrier();
        ushort before = _signalledUsed;
        _signalledUsed = _nextUsed;
        if (!_hasEventIndex)
            return (Volatile.Read(ref *(ushort*)_available) & VirtioConstants.VIRTQ_AVAIL_F_NO_INTERRUPT) == 0;

        ushort wished = Volatile.Read(ref *(ushort*)(_available + 4 + 2 * (_mask + 1)));
        return (ushort)(_nextUsed - wished - 1) < (ushort)(_nextUsed - before);
    }

    /// <summary>Asks the driver not to notify while the device is looking anyway.</summary>
    public void SuppressNotify()
    {
        // With event indices the old event stays in the past, which means the same.
        if (_hasEventIndex)
            return;
        Volatile.Write(ref *(ushort*)_used, VirtioConstants.VIRTQ_USED_F_NO_NOTIFY);
        memory.MarkWritten(_used, 2);
    }

    /// <summary>Asks for a notification of the next chain; false when there is one already, so look again.</summary>
    public bool TryRest()
    {
        ushort* wish = _hasEventIndex ? (ushort*)(_used + 4 + 8 * (_mask + 1)) : (ushort*)_used;
        Volatile.Write(ref *wish, _hasEventIndex ? _nextAvailable : (ushort)0);
        memory.MarkWritten(wish, 2);
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref *(ushort*)(_available + 2)) == _nextAvailable;
    }

    public void Save(StateWriter writer)
    {
        writer.Put(Size);
        writer.Put(DescriptorArea);
        writer.Put(DriverArea);
        writer.Put(DeviceArea);
        writer.Put(IsEnabled);
        writer.Put(IsActive);
        writer.Put(_nextAvailable);
        writer.Put(_nextUsed);
        writer.Put(_signalledUsed);
    }

    /// <exception cref="SnapshotException">The state is none that a queue here can have.</exception>
    public void Restore(ref StateSection state, ulong features)
    {
        Size = state.Take<ushort>();
        DescriptorArea = state.Take<ulong>();
        DriverArea = state.Take<ulong>();
        DeviceArea = state.Take<ulong>();
        IsEnabled = state.Take<byte>() != 0;
        bool isActive = state.Take<byte>() != 0;
        var (available, used, signalled) = (state.Take<ushort>(), state.Take<ushort>(), state.Take<ushort>());
        if (isActive && !TryActivate(features))
            throw new SnapshotException("a queue's state is wrong: its rings are not in memory");
        (_nextAvailable, _nextUsed, _signalledUsed) = (available, used, signalled);
    }

    public void Dispose() => Notify.Dispose();

    /// <summary>Follows a chain in a table of descriptors. Ends for certain: no more steps than the table has entries.</summary>
    private bool TryWalk(DescriptorChain chain, byte* table, uint count, uint index, bool mayBeIndirect)
    {
        for (uint steps = 0; steps < count; steps++)
        {
            if (index >= count)
                return false;

            // One read of the whole descriptor; only the copy is looked at.
            var descriptor = Unsafe.ReadUnaligned<virtq_desc>(table + index * DescriptorBytes);
            if ((descriptor.flags & VirtioConstants.VIRTQ_DESC_F_INDIRECT) != 0)
                return mayBeIndirect && TryWalkIndirect(chain, descriptor);
            if (!memory.TryPointer(descriptor.addr, descriptor.len, out byte* host)
                || !chain.TryAdd(host, descriptor.len, (descriptor.flags & VirtioConstants.VIRTQ_DESC_F_WRITE) != 0))
                return false;
            if ((descriptor.flags & VirtioConstants.VIRTQ_DESC_F_NEXT) == 0)
                return true;
            index = descriptor.next;
        }

        return false;
    }

    /// <summary>§2.7.5.3: a table elsewhere, of whole descriptors, none of them indirect, the last link of its chain.</summary>
    private bool TryWalkIndirect(DescriptorChain chain, in virtq_desc descriptor)
    {
        uint count = descriptor.len / DescriptorBytes;
        return (descriptor.flags & VirtioConstants.VIRTQ_DESC_F_NEXT) == 0
            && count > 0 && descriptor.len % DescriptorBytes == 0
            && memory.TryPointer(descriptor.addr, descriptor.len, out byte* table)
            && TryWalk(chain, table, Math.Min(count, ushort.MaxValue), 0, mayBeIndirect: false);
    }
}
