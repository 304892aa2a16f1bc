using Appliance.Vmm.Virtio;

namespace Appliance.Agent.Tests.Vmm.Virtio;

/// <summary>Writes back what it reads: a device that does nothing but use its queue.</summary>
internal sealed class EchoDevice : VirtioDevice
{
    private readonly DescriptorChain _chain = new(256);

    public long Served { get; private set; }

    public override ushort Type => 42;

    public override string Kind => "echo";

    public override void ReadMetrics(Action<string, long> read) => read("served", Served);

    protected override ulong OwnFeatures => 1;

    protected override ReadOnlySpan<ushort> QueueSizes => new ushort[] { 256 };

    public override void ReadConfiguration(ulong offset, Span<byte> data) => data.Clear();

    public override void Dispose()
    {
        base.Dispose();
        _chain.Dispose();
    }

    protected override void OnQueue(int index) => Drain(index, _chain);

    protected override uint Serve(int index, DescriptorChain chain)
    {
        var from = chain.Readable;
        var to = chain.Writable;
        uint bytes = Math.Min(from.Bytes, to.Bytes);
        Served++;
        for (uint left = bytes; left > 0;)
        {
            var part = from.Next[..(int)Math.Min((uint)from.Next.Length, left)];
            Assert.True(to.TryPut(part));
            left -= (uint)part.Length;
            from.Skip((uint)part.Length);
        }

        return bytes;
    }
}
