using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Appliance.Linux.Devices;
using Appliance.Linux.Libc;
using Appliance.Vmm.Bus;
using Appliance.Vmm.Snapshots;
using Appliance.Vmm.Virtio.RateLimits;

namespace Appliance.Vmm.Virtio.Net;

/// <summary>A network interface on a TAP, Virtio 1.2 §5.1: one pair of queues, offloads and mergeable buffers. Filtering is the host's (nftables).</summary>
internal sealed unsafe class VirtioNet : VirtioDevice
{
    private const int VIRTIO_NET_F_CSUM = 0;
    private const int VIRTIO_NET_F_GUEST_CSUM = 1;
    private const int VIRTIO_NET_F_MAC = 5;
    private const int VIRTIO_NET_F_GUEST_TSO4 = 7;
    private const int VIRTIO_NET_F_GUEST_TSO6 = 8;
    private const int VIRTIO_NET_F_GUEST_ECN = 9;
    private const int VIRTIO_NET_F_HOST_TSO4 = 11;
    private const int VIRTIO_NET_F_HOST_TSO6 = 12;
    private const int VIRTIO_NET_F_HOST_ECN = 13;
    private const int VIRTIO_NET_F_MRG_RXBUF = 15;
    private const int VIRTIO_NET_F_STATUS = 16;
    private const int VIRTIO_NET_F_MTU = 3;
    private const ushort VIRTIO_NET_S_LINK_UP = 1;

    private const int ReceiveQueue = 0;
    private const int TransmitQueue = 1;
    private const ushort QueueSize = 256;

    // struct virtio_net_hdr_v1; num_buffers is its last field and the device's to set: a TAP leaves it 0, and drivers drop such frames.
    private const int HeaderBytes = 12;
    private const int NumBuffersAt = 10;

    // The largest segment that offloads make, with its Ethernet header.
    private const int MaxFrameBytes = HeaderBytes + 65535 + 18;

    private readonly Fd _tap;
    private readonly RateLimiter? _receiveLimiter;
    private readonly RateLimiter? _sendLimiter;
    private readonly byte[] _configuration = new byte[12];
    private readonly DescriptorChain _sending = new(QueueSize);
    private readonly DescriptorChain _receiving = new(QueueSize);
    private readonly byte* _frame = (byte*)NativeMemory.Alloc(MaxFrameBytes);
    private ulong _tapToken;
    private uint _tapEvents;

    // Length of a frame in _frame that waits for the guest's buffers; 0 when none does.
    private int _heldBytes;

    // The held frame was counted against the limit.
    private bool _isCounted;

    /// <param name="tap">Opened with IFF_VNET_HDR, non-blocking; taken over.</param>
    /// <param name="mac">6 bytes.</param>
    /// <param name="mtu">Told to the guest.</param>
    /// <param name="receiving">Limit of frames, and of their bytes, that the guest receives.</param>
    /// <param name="sending">Of those that it sends.</param>
    public VirtioNet(Fd tap, ReadOnlySpan<byte> mac, ushort mtu, RateLimit receiving = default, RateLimit sending = default)
    {
        _tap = tap;
        TapFeatures.SetHeaderSize(tap, HeaderBytes);
        _receiveLimiter = RateLimiter.For(receiving);
        _sendLimiter = RateLimiter.For(sending);
        mac[..6].CopyTo(_configuration);
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration.AsSpan(6), VIRTIO_NET_S_LINK_UP);
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration.AsSpan(8), 1);
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration.AsSpan(10), mtu);
    }

    public NetMetrics Metrics { get; } = new();

    public override ushort Type => VirtioConstants.VIRTIO_ID_NET;

    public override string Kind => "net";

    protected override ulong OwnFeatures =>
        VirtioConstants.Bit(VIRTIO_NET_F_CSUM) | VirtioConstants.Bit(VIRTIO_NET_F_GUEST_CSUM)
        | VirtioConstants.Bit(VIRTIO_NET_F_GUEST_TSO4) | VirtioConstants.Bit(VIRTIO_NET_F_GUEST_TSO6) | VirtioConstants.Bit(VIRTIO_NET_F_GUEST_ECN)
        | VirtioConstants.Bit(VIRTIO_NET_F_HOST_TSO4) | VirtioConstants.Bit(VIRTIO_NET_F_HOST_TSO6) | VirtioConstants.Bit(VIRTIO_NET_F_HOST_ECN)
        | VirtioConstants.Bit(VIRTIO_NET_F_MAC) | VirtioConstants.Bit(VIRTIO_NET_F_MTU)
        | VirtioConstants.Bit(VIRTIO_NET_F_MRG_RXBUF) | VirtioConstants.Bit(VIRTIO_NET_F_STATUS);

    protected override ReadOnlySpan<ushort> QueueSizes => new ushort[] { QueueSize, QueueSize };

    private bool MergesBuffers => (Features & VirtioConstants.Bit(VIRTIO_NET_F_MRG_RXBUF)) != 0;

    public override void ReadMetrics(Action<string, long> read) => Metrics.Read(read);

    public override void ReadConfiguration(ulong offset, Span<byte> data) => Registers.CopyFrom(_configuration, offset, data);

    /// <summary>
    /// Tells the network where the guest is now, with a frame in its name (reverse ARP, RFC 903, as hypervisors do): bridges learn from whom it comes.
    /// Any thread.
    /// </summary>
    public void Announce()
    {
        // Ethernet's least frame: to everybody, from the guest, type 0x8035; then the request of RFC 903 for the guest's own address.
        Span<byte> frame = stackalloc byte[HeaderBytes + 60];
        frame.Clear();
        var packet = frame[HeaderBytes..];
        packet[..6].Fill(0xFF);
        ReadOnlySpan<byte> mac = _configuration.AsSpan(0, 6);
        mac.CopyTo(packet[6..]);
        ((ReadOnlySpan<byte>)[0x80, 0x35, 0, 1, 0x08, 0, 6, 4, 0, 3]).CopyTo(packet[12..]);
        mac.CopyTo(packet[22..]);
        mac.CopyTo(packet[32..]);
        lock (Gate)
            _ = Files.TryWrite(_tap, frame, out _);
    }

    public override void Dispose()
    {
        Loop?.Remove(_tapToken);
        base.Dispose();
        _receiveLimiter?.Dispose();
        _sendLimiter?.Dispose();
        _tap.Dispose();
        _sending.Dispose();
        _receiving.Dispose();
        NativeMemory.Free(_frame);
    }

    protected override void OnAttached()
    {
        _tapToken = Loop.Add(_tap, 0, _ => OnTap());
        _receiveLimiter?.Attach(Loop, Queues[ReceiveQueue].Notify.Signal);
        _sendLimiter?.Attach(Loop, Queues[TransmitQueue].Notify.Signal);
    }

    protected override void OnActivated() => TapFeatures.SetOffloads(_tap, WantedOffloads());

    protected override void OnReset()
    {
        _heldBytes = 0;
        _isCounted = false;
        ListenToTap(false);
    }

    protected override void OnPaused() => ListenToTap(false);

    protected override void OnQueue(int index)
    {
        if (index == TransmitQueue)
            Drain(TransmitQueue, _sending);
        else
            Receive();
    }

    protected override bool MayServe(int index, DescriptorChain chain)
    {
        if (_sendLimiter is null || _sendLimiter.TryTake(Math.Max(0, (long)chain.Readable.Bytes - HeaderBytes)))
            return true;
        Metrics.ThrottledSent++;
        return false;
    }

    /// <summary>Sends one frame; the kernel checks header and lengths, and takes its copy at once.</summary>
    protected override uint Serve(int index, DescriptorChain chain)
    {
        var frame = chain.Readable;
        uint bytes = frame.Bytes;
        int sent = bytes is > HeaderBytes and <= MaxFrameBytes ? VectorIo.TryWrite(_tap, frame.Vectors, frame.Count) : -(int)Errno.EINVAL;
        if (sent < 0)
        {
            Metrics.DroppedSent++;
        }
        else
        {
            Metrics.SentFrames++;
            Metrics.SentBytes += bytes - HeaderBytes;
        }

        return 0;
    }

    private void OnTap()
    {
        lock (Gate)
        {
            if (IsRunning && Queues[ReceiveQueue].IsActive)
                Receive();
            else
                ListenToTap(false);
        }
    }

    /// <summary>Moves frames from the TAP to the guest while it has buffers; when it has none they stay in the TAP's queue.</summary>
    private void Receive()
    {
        var queue = Queues[ReceiveQueue];
        queue.SuppressNotify();
        for (int frames = 0; frames < MaxBatch; frames++)
        {
            if ((_heldBytes == 0 && !TryReadFrame()) || !MayReceive())
                break;
            if (!TryDeliver(queue, new Span<byte>(_frame, _heldBytes)))
            {
                if (!IsActive || queue.TryRest())
                    break;
                continue;
            }

            _heldBytes = 0;
            _isCounted = false;
        }

        // A held frame waits for buffers or for the limit, not for more frames.
        ListenToTap(IsActive && _heldBytes == 0);
        if (IsActive)
            Interrupt(ReceiveQueue);
    }

    private bool MayReceive()
    {
        if (_isCounted || _receiveLimiter is null || _receiveLimiter.TryTake(_heldBytes - HeaderBytes))
        {
            _isCounted = true;
            return true;
        }

        Metrics.ThrottledReceived++;
        return false;
    }

    private bool TryReadFrame()
    {
        if (!Files.TryRead(_tap, new Span<byte>(_frame, MaxFrameBytes), out int length) || length <= HeaderBytes)
            return false;
        _heldBytes = length;
        return true;
    }

    /// <summary>False when the frame must wait for buffers. One that can never fit is dropped, which counts as done.</summary>
    private bool TryDeliver(VirtQueue queue, Span<byte> frame)
    {
        switch (CountChains(queue, frame.Length, out ushort count))
        {
            case QueuePop.Broken:
                Break();
                return false;
            case QueuePop.Empty when count < queue.Size:
                return false;
            case QueuePop.Empty:
                DiscardBuffer(queue);
                return true;
        }

        BinaryPrimitives.WriteUInt16LittleEndian(frame[NumBuffersAt..], count);
        for (ushort chains = 0; chains < count; chains++)
        {
            // The guest may have changed the chains since they were counted: then the frame is lost, nothing else.
            var pop = queue.TryPop(_receiving);
            var room = pop == QueuePop.Taken ? _receiving.Writable : default;
            int part = (int)Math.Min((uint)frame.Length, room.Bytes);
            if (part == 0)
            {
                queue.Unstage(chains);
                Break();
                return false;
            }

            _ = room.TryPut(frame[..part]);
            frame = frame[part..];
            queue.Stage(_receiving, (uint)part);
        }

        queue.Publish();
        Metrics.ReceivedFrames++;
        Metrics.ReceivedBytes += _heldBytes - HeaderBytes;
        return true;
    }

    /// <summary>How many chains a frame needs: one, or with merged buffers several that appear at once (§5.1.6.3.2).</summary>
    /// <returns><see cref="QueuePop.Empty"/>: there are not enough; <paramref name="count"/> is the queue's size when there will never be.</returns>
    private QueuePop CountChains(VirtQueue queue, int frameBytes, out ushort count)
    {
        count = 0;
        QueuePop pop;
        for (long missing = frameBytes; missing > 0; missing -= _receiving.Writable.Bytes)
        {
            pop = count == queue.Size ? QueuePop.Empty : queue.TryPop(_receiving);
            bool isUseless = pop == QueuePop.Taken && !MergesBuffers && _receiving.Writable.Bytes < missing;
            if (pop == QueuePop.Taken)
                count++;
            if (pop != QueuePop.Taken || isUseless)
            {
                queue.Unpop(count);
                if (isUseless)
                    count = queue.Size;
                return pop == QueuePop.Broken ? QueuePop.Broken : QueuePop.Empty;
            }
        }

        queue.Unpop(count);
        return QueuePop.Taken;
    }

    /// <summary>A buffer that is too small for the frame goes back unused, with the frame lost.</summary>
    private void DiscardBuffer(VirtQueue queue)
    {
        Metrics.DroppedReceived++;
        if (queue.TryPop(_receiving) == QueuePop.Taken)
            queue.Push(_receiving, 0);
    }

    private void ListenToTap(bool listens)
    {
        uint events = listens ? Epoll.EPOLLIN : 0;
        if (events == _tapEvents)
            return;
        _tapEvents = events;
        Loop.Modify(_tapToken, events);
    }

    private uint WantedOffloads()
    {
        uint offloads = 0;
        if ((Features & VirtioConstants.Bit(VIRTIO_NET_F_GUEST_CSUM)) == 0)
            return offloads;
        offloads |= TapFeatures.TUN_F_CSUM;
        offloads |= (Features & VirtioConstants.Bit(VIRTIO_NET_F_GUEST_TSO4)) != 0 ? TapFeatures.TUN_F_TSO4 : 0;
        offloads |= (Features & VirtioConstants.Bit(VIRTIO_NET_F_GUEST_TSO6)) != 0 ? TapFeatures.TUN_F_TSO6 : 0;
        offloads |= (Features & VirtioConstants.Bit(VIRTIO_NET_F_GUEST_ECN)) != 0 ? TapFeatures.TUN_F_TSO_ECN : 0;
        return offloads;
    }

    // A frame that waits for buffers is lost, as on a wire.
    protected override void SaveOwn(StateWriter writer) => writer.PutBlock(_configuration);

    protected override void RestoreOwn(ref StateSection state) => state.TakeInto(_configuration);
}
