using Appliance.Linux.Libc;

namespace Appliance.Vmm.Virtio.Entropy;

/// <summary>Random numbers for the guest, Virtio 1.2 §5.4.</summary>
internal sealed class VirtioEntropy : VirtioDevice
{
    private const ushort QueueSize = 8;

    // A device may give less than was asked for (§5.4.6.1), so one request cannot keep the host's generator busy.
    private const uint MaxBytesPerRequest = 4096;

    private readonly DescriptorChain _chain = new(QueueSize);

    public EntropyMetrics Metrics { get; } = new();

    public override ushort Type => VirtioConstants.VIRTIO_ID_RNG;

    public override string Kind => "entropy";

    protected override ulong OwnFeatures => 0;

    protected override ReadOnlySpan<ushort> QueueSizes => new ushort[] { QueueSize };

    public override void ReadMetrics(Action<string, long> read) => Metrics.Read(read);

    public override void ReadConfiguration(ulong offset, Span<byte> data) => data.Clear();

    public override void Dispose()
    {
        base.Dispose();
        _chain.Dispose();
    }

    protected override void OnQueue(int index) => Drain(index, _chain);

    protected override uint Serve(int index, DescriptorChain chain)
    {
        var room = chain.Writable;
        uint given = 0;
        while (given < MaxBytesPerRequest && room.Count > 0)
        {
            var part = room.Next;
            part = part[..(int)Math.Min((uint)part.Length, MaxBytesPerRequest - given)];
            Randomness.Fill(part);
            given += (uint)part.Length;
            room.Skip((uint)part.Length);
        }

        Metrics.Requests++;
        Metrics.Bytes += given;
        return given;
    }
}
