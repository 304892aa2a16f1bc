using Appliance.Vmm.Virtio;
using CsCheck;

namespace Appliance.Agent.Tests.Vmm.Virtio;

public sealed class VirtQueueTests : IDisposable
{
    private const ulong NoEventIndex = ~(1UL << VirtioConstants.VIRTIO_F_EVENT_IDX);

    private readonly TestDriver _driver = new(static _ => new EchoDevice());

    public void Dispose() => _driver.Dispose();

    [Fact]
    public void A_message_comes_back_however_driver_and_device_cut_it()
    {
        _driver.Start(queueSize: 16);
        var cuts = Gen.Int[1, 40].Array[1, 5];
        Gen.Select(cuts, cuts, Gen.Byte).Sample((read, written, seed) =>
        {
            byte[] message = [.. Enumerable.Range(0, read.Sum()).Select(i => (byte)(seed + i))];
            ulong from = 0x80000, to = 0x90000;
            message.CopyTo(_driver.Memory.Slice(from, (uint)message.Length));
            int expected = Math.Min(read.Sum(), written.Sum());
            uint got = _driver.Exchange(0, [.. Pieces(from, read, false), .. Pieces(to, written, true)]);
            return got == expected && _driver.Memory.Slice(to, got).SequenceEqual(message.AsSpan(0, expected));
        }, iter: 2000, threads: 1);
    }

    [Fact]
    public void An_indirect_chain_is_followed()
    {
        _driver.Start();
        ulong text = _driver.Buffer("hello"u8), room = _driver.Buffer(new byte[5]), table = _driver.Buffer(new byte[32]);
        _driver.WriteDescriptor(table, text, 5, VirtioConstants.VIRTQ_DESC_F_NEXT, 1);
        _driver.WriteDescriptor(table + 16, room, 5, VirtioConstants.VIRTQ_DESC_F_WRITE, 0);
        _driver.WriteDescriptor(TestDriver.QueueArea(0), table, 32, VirtioConstants.VIRTQ_DESC_F_INDIRECT, 0);
        _driver.MakeAvailable(0, 0);
        _driver.Notify(0);

        Assert.Equal((0u, 5u), _driver.TakeUsed(0));
        Assert.Equal("hello"u8, _driver.Memory.Slice(room, 5));
    }

    [Fact]
    public void The_indices_wrap()
    {
        _driver.Start(queueSize: 4);
        ulong from = _driver.Buffer("ab"u8), to = _driver.Buffer(new byte[2]);
        for (int i = 0; i < 70_000; i++)
            Assert.Equal(2u, _driver.Exchange(0, (from, 2, false), (to, 2, true)));
    }

    [Fact]
    public void With_event_indices_the_driver_is_interrupted_only_past_the_index_it_names()
    {
        _driver.Start(queueSize: 8);
        ulong from = _driver.Buffer("ab"u8), usedEvent = TestDriver.QueueArea(0) + 0x1000 + 4 + 2 * 8;
        _driver.Memory.TryWrite(usedEvent, (ushort)2);
        for (int i = 0; i < 2; i++)
            _driver.Exchange(0, (from, 2, false));
        Assert.False(_driver.Interrupt.Clear());
        _driver.Exchange(0, (from, 2, false));
        Assert.True(_driver.Interrupt.Clear());
    }

    [Fact]
    public void Without_event_indices_the_flag_suppresses_interrupts()
    {
        _driver.Start(NoEventIndex);
        ulong from = _driver.Buffer("ab"u8);
        _driver.Memory.TryWrite(TestDriver.QueueArea(0) + 0x1000, VirtioConstants.VIRTQ_AVAIL_F_NO_INTERRUPT);
        _driver.Exchange(0, (from, 2, false));
        Assert.False(_driver.Interrupt.Clear());
        _driver.Memory.TryWrite(TestDriver.QueueArea(0) + 0x1000, (ushort)0);
        _driver.Exchange(0, (from, 2, false));
        Assert.True(_driver.Interrupt.Clear());
        Assert.Equal(1u, _driver.Read(0x60));
        _driver.Write(0x64, 1);
        Assert.Equal(0u, _driver.Read(0x60));
    }

    [Fact]
    public void A_warm_queue_allocates_nothing()
    {
        _driver.Start();
        ulong from = _driver.Buffer("ab"u8);
        for (int i = 0; i < 200; i++)
            _driver.Exchange(0, (from, 2, false));
        ushort head = _driver.Offer(0, (from, 2, false));
        long before = GC.GetAllocatedBytesForCurrentThread();
        _driver.Notify(0);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(head, (ushort)_driver.TakeUsed(0).Head);
    }

    /// <summary>Each way to break the rings on its own, and what every driver sees of it: DEVICE_NEEDS_RESET, until it resets.</summary>
    [Theory]
    [InlineData("a descriptor outside of memory")]
    [InlineData("a descriptor across the end of memory")]
    [InlineData("an address that wraps")]
    [InlineData("a length that wraps")]
    [InlineData("a loop")]
    [InlineData("a link outside of the table")]
    [InlineData("a head outside of the table")]
    [InlineData("an index too far ahead")]
    [InlineData("a readable buffer after a writable one")]
    [InlineData("an indirect table of no descriptor")]
    [InlineData("an indirect table of half a descriptor")]
    [InlineData("an indirect table outside of memory")]
    [InlineData("an indirect table in an indirect table")]
    [InlineData("an indirect descriptor with a next one")]
    public void A_broken_ring_needs_a_reset_and_then_works_again(string defect)
    {
        _driver.Start();
        Break(defect);
        _driver.Notify(0);
        Assert.NotEqual(0u, _driver.Status & VirtioConstants.DEVICE_NEEDS_RESET);
        Assert.False(_driver.HasUsed(0));
        Assert.True(_driver.Interrupt.Clear());

        _driver.Start();
        ulong from = _driver.Buffer("ab"u8), to = _driver.Buffer(new byte[2]);
        Assert.Equal(2u, _driver.Exchange(0, (from, 2, false), (to, 2, true)));
    }

    private void Break(string defect)
    {
        const ulong end = TestDriver.MemoryBytes;
        ulong table = TestDriver.QueueArea(0), spare = _driver.Buffer(new byte[64]);
        const ushort next = VirtioConstants.VIRTQ_DESC_F_NEXT, write = VirtioConstants.VIRTQ_DESC_F_WRITE, indirect = VirtioConstants.VIRTQ_DESC_F_INDIRECT;
        ushort head = 0;
        switch (defect)
        {
            case "a descriptor outside of memory": _driver.WriteDescriptor(table, end, 1, 0, 0); break;
            case "a descriptor across the end of memory": _driver.WriteDescriptor(table, end - 8, 9, write, 0); break;
            case "an address that wraps": _driver.WriteDescriptor(table, ulong.MaxValue - 3, 8, write, 0); break;
            case "a length that wraps": _driver.WriteDescriptor(table, 0x1000, uint.MaxValue, write, 0); break;
            case "a loop":
                _driver.WriteDescriptor(table, spare, 1, next, 1);
                _driver.WriteDescriptor(table + 16, spare, 1, next, 0);
                break;
            case "a link outside of the table": _driver.WriteDescriptor(table, spare, 1, next, 8); break;
            case "a head outside of the table": head = 8; break;
            case "an index too far ahead":
                for (int i = 0; i < 8; i++)
                    _driver.MakeAvailable(0, 0);
                break;
            case "a readable buffer after a writable one":
                _driver.WriteDescriptor(table, spare, 1, next | write, 1);
                _driver.WriteDescriptor(table + 16, spare, 1, 0, 0);
                break;
            case "an indirect table of no descriptor": _driver.WriteDescriptor(table, spare, 0, indirect, 0); break;
            case "an indirect table of half a descriptor": _driver.WriteDescriptor(table, spare, 24, indirect, 0); break;
            case "an indirect table outside of memory": _driver.WriteDescriptor(table, end - 16, 32, indirect, 0); break;
            case "an indirect table in an indirect table":
                _driver.WriteDescriptor(table, spare, 16, indirect, 0);
                _driver.WriteDescriptor(spare, spare, 16, indirect, 0);
                break;
            case "an indirect descriptor with a next one": _driver.WriteDescriptor(table, spare, 16, indirect | next, 1); break;
        }

        _driver.MakeAvailable(0, head);
    }

    private static IEnumerable<(ulong Address, uint Length, bool IsWritable)> Pieces(ulong at, int[] lengths, bool isWritable)
    {
        foreach (int length in lengths)
        {
            yield return (at, (uint)length, isWritable);
            at += (ulong)length;
        }
    }
}
