using System.Buffers.Binary;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Snapshots;

namespace Appliance.Vmm.Virtio.Vsock;

/// <summary>Streams between programs of the guest and of the host without a network, Virtio 1.3 §5.10.</summary>
internal sealed class VirtioVsock : VirtioDevice
{
    /// <summary>0, 1 and 2 are nobody, loopback and the host (§5.10.4); the topmost means "any".</summary>
    public const uint FirstGuestCid = 3;

    private const int VIRTIO_VSOCK_F_STREAM = 0;

    private const int ReceiveQueue = 0;
    private const int TransmitQueue = 1;
    private const int EventQueue = 2;
    private const ushort QueueSize = 256;

    private readonly byte[] _configuration = new byte[8];
    private readonly DescriptorChain _receiving = new(QueueSize);
    private readonly DescriptorChain _sending = new(QueueSize);
    private readonly VsockHub _hub;

    // A restored guest has not been told yet that its connections are gone (§5.10.6.7, VIRTIO_VSOCK_EVENT_TRANSPORT_RESET).
    private bool _owesReset;

    // Packets of the guest wait until it takes the answers to earlier ones.
    private bool _isStalled;

    /// <param name="guestCid">At least <see cref="FirstGuestCid"/>.</param>
    /// <param name="sockets">Where the host's programs are; taken over.</param>
    public VirtioVsock(uint guestCid, VsockSockets sockets)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(guestCid, FirstGuestCid);
        BinaryPrimitives.WriteUInt64LittleEndian(_configuration, guestCid);
        _hub = new VsockHub(guestCid, sockets, Metrics, Gate, Deliver);
    }

    public VsockMetrics Metrics { get; } = new();

    /// <summary>Connections of any state.</summary>
    public int ConnectionCount => _hub.Count;

    public override ushort Type => VirtioConstants.VIRTIO_ID_VSOCK;

    public override string Kind => "vsock";

    protected override ulong OwnFeatures => VirtioConstants.Bit(VIRTIO_VSOCK_F_STREAM);

    protected override ReadOnlySpan<ushort> QueueSizes => new ushort[] { QueueSize, QueueSize, 8 };

    public override void ReadMetrics(Action<string, long> read) => Metrics.Read(read);

    public override void ReadConfiguration(ulong offset, Span<byte> data) => Registers.CopyFrom(_configuration, offset, data);

    public override void Dispose()
    {
        lock (Gate)
            _hub.Dispose();
        base.Dispose();
        _receiving.Dispose();
        _sending.Dispose();
    }

    protected override void OnAttached() => _hub.Attach(Loop);

    protected override void OnReset()
    {
        _hub.Clear();
        _isStalled = _owesReset = false;
    }

    protected override void OnQueue(int index)
    {
        if (_owesReset)
            AnnounceReset();
        if (index == TransmitQueue && IsActive)
        {
            _isStalled = false;
            Drain(TransmitQueue, _sending);
        }

        if (IsActive)
            Deliver();
    }

    protected override void SaveOwn(StateWriter writer) => writer.PutBlock(_configuration);

    /// <summary>The guest's address is this device's, which may be another: the guest looks when it hears of the reset.</summary>
    protected override void RestoreOwn(ref StateSection state)
    {
        _ = state.TakeBlock();
        _owesReset = IsActive;
    }

    private void AnnounceReset()
    {
        var queue = Queues[EventQueue];
        if (!queue.IsActive)
            return;
        switch (queue.TryPop(_receiving))
        {
            case QueuePop.Broken:
                Break();
                return;
            case QueuePop.Empty:
                return;
        }

        // struct virtio_vsock_event: the id of a transport reset is 0.
        _ = _receiving.Writable.TryPut(stackalloc byte[sizeof(uint)]);
        queue.Push(_receiving, sizeof(uint));
        _owesReset = false;
        Interrupt(EventQueue);
    }

    protected override bool MayServe(int index, DescriptorChain chain)
    {
        _isStalled = !_hub.CanTake;
        return !_isStalled;
    }

    protected override uint Serve(int index, DescriptorChain chain)
    {
        var packet = chain.Readable;
        if (packet.TryTake(out VsockHeader header) && header.len <= packet.Bytes)
            _hub.Take(header, ref packet);
        else
            Metrics.DroppedPackets++;
        return 0;
    }

    /// <summary>Gives the guest what there is for it, as far as it has buffers. Gate held.</summary>
    private void Deliver()
    {
        var queue = Queues[ReceiveQueue];
        if (!IsRunning || !queue.IsActive)
            return;
        queue.SuppressNotify();
        for (int packets = 0; _hub.HasNews;)
        {
            if (packets == MaxBatch)
            {
                queue.Notify.Signal();
                break;
            }

            var pop = queue.TryPop(_receiving);
            if (pop == QueuePop.Broken)
            {
                Break();
                return;
            }

            if (pop == QueuePop.Empty)
            {
                if (queue.TryRest())
                    break;
                continue;
            }

            // A buffer without room for data goes back as it came: with it kept, the same bytes would be looked for in it for ever.
            uint written = _hub.Fill(_receiving.Writable);
            if (written == 0 && _receiving.Writable.Bytes > VsockHeader.Bytes)
            {
                queue.Unpop(1);
                continue;
            }

            queue.Push(_receiving, written);
            packets++;
        }

        Interrupt(ReceiveQueue);
        if (_isStalled && _hub.CanTake)
            Queues[TransmitQueue].Notify.Signal();
    }
}
