using System.Buffers.Binary;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Memory;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Virtio.Balloon;

/// <summary>Takes memory back from a guest that can spare it, Virtio 1.2 §5.5: by request (the balloon), and free pages as they become free.</summary>
internal sealed unsafe class VirtioBalloon(GuestMemory memory) : VirtioDevice
{
    private const int VIRTIO_BALLOON_F_STATS_VQ = 1;
    private const int VIRTIO_BALLOON_F_DEFLATE_ON_OOM = 2;
    private const int VIRTIO_BALLOON_F_REPORTING = 5;

    private const int InflateQueue = 0;
    private const int DeflateQueue = 1;
    private const int StatisticsQueue = 2;
    private const ushort QueueSize = 128;
    private const uint PageBytes = 4096;

    // The driver sends at most 256 page numbers per chain; more than this it gets back unread.
    private const uint MaxPagesPerChain = 4096;

    private readonly DescriptorChain _chain = new(QueueSize);
    private readonly byte[] _configuration = new byte[8];
    private BalloonStatistics _statistics;

    public BalloonMetrics Metrics { get; } = new();

    public override ushort Type => VirtioConstants.VIRTIO_ID_BALLOON;

    public override string Kind => "balloon";

    /// <summary>Memory the guest says it has given up, in pages of 4 KiB. The guest's word only.</summary>
    public uint ActualPages
    {
        get
        {
            lock (Gate)
                return BinaryPrimitives.ReadUInt32LittleEndian(_configuration.AsSpan(4));
        }
    }

    protected override ulong OwnFeatures =>
        VirtioConstants.Bit(VIRTIO_BALLOON_F_STATS_VQ) | VirtioConstants.Bit(VIRTIO_BALLOON_F_DEFLATE_ON_OOM) | VirtioConstants.Bit(VIRTIO_BALLOON_F_REPORTING);

    protected override ReadOnlySpan<ushort> QueueSizes => new ushort[] { QueueSize, QueueSize, QueueSize, QueueSize };

    private bool HasStatistics => (Features & VirtioConstants.Bit(VIRTIO_BALLOON_F_STATS_VQ)) != 0;

    // Queues of what was not negotiated do not exist, and those after them move up (§5.5.2); free-page hinting is never.
    private int ReportingQueue => HasStatistics ? StatisticsQueue + 1 : StatisticsQueue;

    /// <summary>What the guest said last about its memory; asked for with <see cref="RequestStatistics"/>. Any thread.</summary>
    public BalloonStatistics Statistics
    {
        get
        {
            lock (Gate)
                return _statistics;
        }
    }

    /// <summary>Asks the guest to give up so much memory in all; it does so as it can. Any thread.</summary>
    /// <param name="pages">Of 4 KiB.</param>
    public void SetTarget(uint pages)
    {
        lock (Gate)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_configuration, pages);
            AnnounceConfiguration();
        }
    }

    /// <summary>
    /// Asks the guest for new statistics: giving its buffer back means that (§5.5.6.3). Until then the buffer stays in the queue, so that no
    /// snapshot has to know of one in between. False when there is no driver, or it still owes the last answer. Any thread.
    /// </summary>
    public bool RequestStatistics()
    {
        lock (Gate)
        {
            if (!IsRunning || !HasStatistics || !Queues[StatisticsQueue].IsActive)
                return false;
            var pop = Queues[StatisticsQueue].TryPop(_chain);
            if (pop == QueuePop.Broken)
                Break();
            if (pop != QueuePop.Taken)
                return false;
            Queues[StatisticsQueue].Push(_chain, 0);
            Interrupt(StatisticsQueue);
            return true;
        }
    }

    public override void ReadMetrics(Action<string, long> read) => Metrics.Read(read);

    public override void ReadConfiguration(ulong offset, Span<byte> data) => Registers.CopyFrom(_configuration, offset, data);

    public override void WriteConfiguration(ulong offset, ReadOnlySpan<byte> data)
    {
        const ulong actual = 4;
        for (int i = 0; i < data.Length; i++)
        {
            if (offset + (ulong)i is >= actual and < 8)
                _configuration[offset + (ulong)i] = data[i];
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _chain.Dispose();
    }

    protected override void OnReset() => _statistics = default;

    protected override void OnQueue(int index)
    {
        if (HasStatistics && index == StatisticsQueue)
            TakeStatistics();
        else
            Drain(index, _chain);
    }

    protected override uint Serve(int index, DescriptorChain chain)
    {
        if (index == InflateQueue)
            Inflate(chain.Readable);
        else if (index == DeflateQueue)
            Metrics.DeflatedPages += Math.Min(chain.Readable.Bytes / sizeof(uint), MaxPagesPerChain);
        else if (index == ReportingQueue)
            Release(chain.Writable);
        return 0;
    }

    private void TakeStatistics()
    {
        var queue = Queues[StatisticsQueue];
        switch (queue.TryPop(_chain))
        {
            case QueuePop.Broken:
                Break();
                return;
            case QueuePop.Taken:
                _statistics = BalloonStatistics.Parse(_chain.Readable);
                Metrics.Statistics++;
                queue.TryRest();                        // counted as taken: the next one is news
                queue.Unpop(1);
                break;
            case QueuePop.Empty:
                queue.TryRest();
                break;
        }
    }

    /// <summary>Releases runs of neighbouring pages together: one system call each.</summary>
    private void Inflate(BufferList numbers)
    {
        ulong start = 0, length = 0;
        for (uint i = 0; i < MaxPagesPerChain && numbers.TryTake(out uint number); i++)
        {
            ulong address = (ulong)number * PageBytes;
            Metrics.InflatedPages++;
            if (length > 0 && address == start + length)
            {
                length += PageBytes;
                continue;
            }

            memory.Release(start, length);
            (start, length) = (address, PageBytes);
        }

        memory.Release(start, length);
    }

    // The buffers themselves are the free pages (§5.5.6.7).
    private void Release(BufferList pages)
    {
        while (pages.Count > 0)
        {
            uint bytes = (uint)pages.Vectors->iov_len;
            if (memory.Release(pages.Vectors->iov_base, bytes))
                Metrics.ReportedBytes += bytes;
            pages.Skip(bytes);
        }
    }

    protected override void SaveOwn(StateWriter writer) => writer.PutBlock(_configuration);

    protected override void RestoreOwn(ref StateSection state) => state.TakeInto(_configuration);
}
