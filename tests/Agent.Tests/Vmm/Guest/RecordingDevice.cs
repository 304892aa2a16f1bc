using System.Collections.Concurrent;
using Appliance.Vmm.Bus;

namespace Appliance.Agent.Tests.Vmm.Guest;

/// <summary>Registers that note what is written and answer reads with the low bytes of one value.</summary>
internal sealed class RecordingDevice : IBusDevice
{
    public ConcurrentQueue<(ulong Offset, byte[] Data)> Writes { get; } = new();

    public ulong Answer { get; set; }

    public SemaphoreSlim Written { get; } = new(0);

    public void Read(ulong offset, Span<byte> data) => Registers.Put(data, Answer);

    public void Write(ulong offset, ReadOnlySpan<byte> data)
    {
        Writes.Enqueue((offset, data.ToArray()));
        Written.Release();
    }
}
