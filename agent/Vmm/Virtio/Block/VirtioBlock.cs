using System.Buffers.Binary;
using System.Text;
using Appliance.Linux.Libc;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Snapshots;
using Appliance.Vmm.Virtio.RateLimits;

namespace Appliance.Vmm.Virtio.Block;

/// <summary>A disk, Virtio 1.2 §5.2: one queue, operations in flight up to its size.</summary>
internal sealed unsafe class VirtioBlock : VirtioDevice
{
    private const int VIRTIO_BLK_F_SEG_MAX = 2;
    private const int VIRTIO_BLK_F_RO = 5;
    private const int VIRTIO_BLK_F_BLK_SIZE = 6;
    private const int VIRTIO_BLK_F_FLUSH = 9;
    private const int VIRTIO_BLK_F_DISCARD = 13;
    private const int VIRTIO_BLK_F_WRITE_ZEROES = 14;

    private const byte VIRTIO_BLK_S_OK = 0;
    private const byte VIRTIO_BLK_S_IOERR = 1;
    private const byte VIRTIO_BLK_S_UNSUPP = 2;

    private const ushort QueueSize = 128;

    // Header and status take two of a chain's buffers.
    private const uint SegmentsMax = QueueSize - 2;

    private const int FramingBytes = 17;

    private readonly Fd _disk;
    private readonly IDiskEngine _engine;
    private readonly RateLimiter? _limiter;
    private readonly byte[] _id = new byte[BlockRequest.IdBytes];
    private readonly byte[] _configuration = new byte[60];
    private readonly Slot[] _slots = new Slot[QueueSize];
    private readonly int[] _freeSlots = new int[QueueSize];
    private int _freeCount = QueueSize;
    private DiskLimits _limits;
    private ulong _completionToken;

    private sealed class Slot(DescriptorChain chain)
    {
        public readonly DescriptorChain Chain = chain;
        public BlockRequest Request;
        public BufferList Buffers;
        public byte* Status;
        public uint Done;
    }

    /// <param name="disk">A file or block device, raw; taken over.</param>
    /// <param name="id">What the guest sees as serial number; the first 20 bytes count.</param>
    /// <param name="usesUring">False: plain calls, as on machines without io_uring.</param>
    /// <param name="limit">Of requests, and of the bytes they carry.</param>
    public VirtioBlock(Fd disk, bool isReadOnly, string id, bool usesUring = true, RateLimit limit = default)
    {
        _limiter = RateLimiter.For(limit);
        _disk = disk;
        _limits = new DiskLimits((ulong)FileData.GetLength(disk) / BlockRequest.SectorBytes, isReadOnly);
        Encoding.ASCII.GetBytes(id.AsSpan(0, Math.Min(id.Length, _id.Length)), _id);
        _engine = (usesUring ? UringEngine.TryCreate(disk, QueueSize) : null) ?? (IDiskEngine)new SyncEngine(disk, QueueSize);
        for (int i = 0; i < QueueSize; i++)
        {
            _slots[i] = new Slot(new DescriptorChain(QueueSize));
            _freeSlots[i] = QueueSize - 1 - i;          // the last used is the next used: few of them ever touch memory
        }

        WriteConfigurationSpace();
    }

    public BlockMetrics Metrics { get; } = new();

    public override ushort Type => VirtioConstants.VIRTIO_ID_BLOCK;

    public override string Kind => "block";

    protected override ulong OwnFeatures =>
        VirtioConstants.Bit(VIRTIO_BLK_F_SEG_MAX) | VirtioConstants.Bit(VIRTIO_BLK_F_BLK_SIZE) | VirtioConstants.Bit(VIRTIO_BLK_F_FLUSH)
        | (_limits.IsReadOnly
            ? VirtioConstants.Bit(VIRTIO_BLK_F_RO)
            : VirtioConstants.Bit(VIRTIO_BLK_F_DISCARD) | VirtioConstants.Bit(VIRTIO_BLK_F_WRITE_ZEROES));

    protected override ReadOnlySpan<ushort> QueueSizes => new ushort[] { QueueSize };

    private bool IsIdle => _freeCount == QueueSize;

    public override void ReadMetrics(Action<string, long> read) => Metrics.Read(read);

    public override void ReadConfiguration(ulong offset, Span<byte> data) => Registers.CopyFrom(_configuration, offset, data);

    /// <summary>The disk got another length: tells the driver (§5.2.5). Any thread.</summary>
    public void Resize()
    {
        lock (Gate)
        {
            _limits = _limits with { Sectors = (ulong)FileData.GetLength(_disk) / BlockRequest.SectorBytes };
            WriteConfigurationSpace();
            AnnounceConfiguration();
        }
    }

    public override void Dispose()
    {
        lock (Gate)
            Quiesce();
        Loop?.Remove(_completionToken);
        base.Dispose();
        _engine.Dispose();
        _limiter?.Dispose();
        _disk.Dispose();
        foreach (var slot in _slots)
            slot.Chain.Dispose();
    }

    protected override void OnAttached()
    {
        _completionToken = Loop.Add(_engine.Completions.Descriptor, Epoll.EPOLLIN, _ => OnCompletions());
        _limiter?.Attach(Loop, Queues[0].Notify.Signal);
    }

    protected override void OnReset() => Quiesce();

    protected override void OnPaused() => Quiesce();

    protected override void OnQueue(int index)
    {
        var queue = Queues[0];
        queue.SuppressNotify();
        for (int taken = 0; _freeCount > 0; taken++)
        {
            if (taken == MaxBatch)
            {
                queue.Notify.Signal();
                break;
            }

            int number = _freeSlots[_freeCount - 1];
            var pop = queue.TryPop(_slots[number].Chain);
            if (pop == QueuePop.Broken)
            {
                Break();
                break;
            }

            if (pop == QueuePop.Empty)
            {
                if (queue.TryRest())
                    break;
                continue;
            }

            if (!MayBegin(_slots[number].Chain))
            {
                queue.Unpop(1);
                break;
            }

            _freeCount--;
            Begin(number);
        }

        _engine.Submit();
        if (IsActive)
            Interrupt(0);
    }

    /// <summary>Whether the limit lets a request begin. Its header and status are not counted.</summary>
    private bool MayBegin(DescriptorChain chain)
    {
        if (_limiter is null || _limiter.TryTake(Math.Max(0, (long)chain.Readable.Bytes + chain.Writable.Bytes - FramingBytes)))
            return true;
        Metrics.Throttled++;
        return false;
    }

    private void Begin(int number)
    {
        var slot = _slots[number];
        var readable = slot.Chain.Readable;
        var writable = slot.Chain.Writable;
        slot.Done = 0;
        if (!writable.TryTakeLast(out slot.Status))
        {
            // Without a byte for the status nothing can be said about the request but that it is over.
            Finish(number, VIRTIO_BLK_S_IOERR);
            return;
        }

        slot.Request = BlockRequest.Parse(ref readable, writable, _limits);
        switch (slot.Request.Operation)
        {
            case BlockOperation.Unsupported:
                Finish(number, VIRTIO_BLK_S_UNSUPP);
                break;
            case BlockOperation.Invalid:
                Finish(number, VIRTIO_BLK_S_IOERR);
                break;
            case BlockOperation.GetId:
                _ = writable.TryPut(_id);
                slot.Done = BlockRequest.IdBytes;
                Finish(number, VIRTIO_BLK_S_OK);
                break;
            default:
                slot.Buffers = slot.Request.Operation == BlockOperation.Read ? writable : readable;
                _engine.Start(number, slot.Request, slot.Buffers);
                break;
        }
    }

    private void OnCompletions()
    {
        lock (Gate)
        {
            _engine.Completions.Clear();
            bool wasFull = _freeCount == 0;
            TakeCompletions();
            if (wasFull && IsRunning)
                OnQueue(0);
        }
    }

    private void TakeCompletions()
    {
        while (_engine.TryComplete(out int number, out int result))
            Continue(number, result);
        _engine.Submit();
        if (IsActive)
            Interrupt(0);
    }

    private void Continue(int number, int result)
    {
        var slot = _slots[number];
        bool isTransfer = slot.Request.Operation is BlockOperation.Read or BlockOperation.Write;
        // A transfer of nothing is the end of a file that was made shorter: going on would never end.
        if (result < 0 || (isTransfer && result == 0))
        {
            Finish(number, result == -(int)Errno.EOPNOTSUPP ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR);
            return;
        }

        slot.Done += (uint)result;
        if (!isTransfer || slot.Done >= slot.Request.Length)
        {
            Finish(number, VIRTIO_BLK_S_OK);
            return;
        }

        slot.Buffers.Skip((uint)result);
        slot.Request = slot.Request with { Position = slot.Request.Position + (uint)result };
        // Length stays that of the whole request: Done counts against it.
        _engine.Start(number, slot.Request, slot.Buffers);
    }

    private void Finish(int number, byte status)
    {
        var slot = _slots[number];
        Count(slot, status);
        uint written = slot.Request.Operation is BlockOperation.Read or BlockOperation.GetId ? slot.Done : 0;
        if (slot.Status != null)
        {
            // SAFETY: the status byte was found inside guest RAM when the chain was taken.
            *slot.Status = status;
            written++;
        }
        else
        {
            written = 0;
        }

        slot.Status = null;
        _freeSlots[_freeCount++] = number;
        if (IsActive)
            Queues[0].Push(slot.Chain, written);
    }

    private void Count(Slot slot, byte status)
    {
        if (status != VIRTIO_BLK_S_OK)
        {
            Metrics.Errors++;
            return;
        }

        switch (slot.Request.Operation)
        {
            case BlockOperation.Read:
                Metrics.Reads++;
                Metrics.ReadBytes += slot.Done;
                break;
            case BlockOperation.Write:
                Metrics.Writes++;
                Metrics.WrittenBytes += slot.Done;
                break;
            case BlockOperation.Flush:
                Metrics.Flushes++;
                break;
            case BlockOperation.Discard or BlockOperation.WriteZeroes:
                Metrics.RangeOperations++;
                break;
        }
    }

    /// <summary>Waits for all operations in flight. Bounded by what the disk takes for them.</summary>
    private void Quiesce()
    {
        while (!IsIdle)
        {
            _engine.Wait();
            TakeCompletions();
        }
    }

    // struct virtio_blk_config, §5.2.4.
    private void WriteConfigurationSpace()
    {
        Span<byte> space = _configuration;
        BinaryPrimitives.WriteUInt64LittleEndian(space, _limits.Sectors);
        BinaryPrimitives.WriteUInt32LittleEndian(space[12..], SegmentsMax);
        BinaryPrimitives.WriteUInt32LittleEndian(space[20..], BlockRequest.SectorBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(space[34..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(space[36..], DiskLimits.MaxRangeSectors);
        BinaryPrimitives.WriteUInt32LittleEndian(space[40..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(space[44..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(space[48..], DiskLimits.MaxRangeSectors);
        BinaryPrimitives.WriteUInt32LittleEndian(space[52..], 1);
        space[56] = 1;
    }

    protected override void SaveOwn(StateWriter writer)
    {
        writer.Put(_limits.Sectors);
        writer.PutBlock(_id);
    }

    /// <summary>The guest knows the disk's length and serial number; another length would be another disk.</summary>
    protected override void RestoreOwn(ref StateSection state)
    {
        ulong sectors = state.Take<ulong>();
        if (sectors != _limits.Sectors)
            throw new SnapshotException($"{Name} had {sectors} sectors when it was saved, the disk given now has {_limits.Sectors}");
        state.TakeInto(_id);
    }
}
