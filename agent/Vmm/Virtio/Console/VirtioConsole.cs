using Appliance.Vmm.Serial;

namespace Appliance.Vmm.Virtio.Console;

/// <summary>One terminal, Virtio 1.2 §5.3 without multiport: two queues, no exit per byte as the UART has.</summary>
/// <param name="output">Where the guest's bytes go; stays the caller's.</param>
internal sealed class VirtioConsole(OutputPump output) : VirtioDevice
{
    private const int ReceiveQueue = 0;
    private const int TransmitQueue = 1;
    private const ushort QueueSize = 64;

    // Of one chain at once: a guest that prints gigabytes in one chain gets its turn like others.
    private const uint MaxBytesPerChain = 64 * 1024;

    private readonly DescriptorChain _chain = new(QueueSize);

    public ConsoleMetrics Metrics { get; } = new();

    public override ushort Type => VirtioConstants.VIRTIO_ID_CONSOLE;

    public override string Kind => "console";

    protected override ulong OwnFeatures => 0;

    protected override ReadOnlySpan<ushort> QueueSizes => new ushort[] { QueueSize, QueueSize };

    public override void ReadMetrics(Action<string, long> read) => Metrics.Read(read);

    public override void ReadConfiguration(ulong offset, Span<byte> data) => data.Clear();

    /// <summary>Gives the guest input; how much of it found room in its buffers. Any thread.</summary>
    public int Receive(ReadOnlySpan<byte> bytes)
    {
        lock (Gate)
        {
            if (!IsRunning || !Queues[ReceiveQueue].IsActive)
                return 0;
            int taken = 0;
            while (taken < bytes.Length && TryDeliver(bytes[taken..], out int part))
                taken += part;
            Metrics.InputBytes += taken;
            if (IsActive)
                Interrupt(ReceiveQueue);
            return taken;
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        _chain.Dispose();
    }

    protected override void OnQueue(int index)
    {
        if (index == TransmitQueue)
            Drain(TransmitQueue, _chain);
    }

    protected override uint Serve(int index, DescriptorChain chain)
    {
        var text = chain.Readable;
        uint left = Math.Min(text.Bytes, MaxBytesPerChain);
        Metrics.OutputBytes += left;
        while (left > 0)
        {
            var part = text.Next;
            part = part[..(int)Math.Min((uint)part.Length, left)];
            output.Push(part);
            text.Skip((uint)part.Length);
            left -= (uint)part.Length;
        }

        return 0;
    }

    private bool TryDeliver(ReadOnlySpan<byte> bytes, out int taken)
    {
        taken = 0;
        var queue = Queues[ReceiveQueue];
        switch (queue.TryPop(_chain))
        {
            case QueuePop.Broken:
                Break();
                return false;
            case QueuePop.Empty:
                return false;
        }

        var room = _chain.Writable;
        taken = (int)Math.Min((uint)bytes.Length, room.Bytes);
        _ = room.TryPut(bytes[..taken]);
        queue.Push(_chain, (uint)taken);
        return taken > 0;
    }
}
