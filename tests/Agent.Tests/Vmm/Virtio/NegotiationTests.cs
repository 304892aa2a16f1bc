using Appliance.Vmm.Virtio;

namespace Appliance.Agent.Tests.Vmm.Virtio;

public sealed class NegotiationTests : IDisposable
{
    private readonly TestDriver _driver = new(static _ => new EchoDevice());

    public void Dispose() => _driver.Dispose();

    [Fact]
    public void The_registers_identify_the_device()
    {
        Assert.Equal((0x74726976u, 2u, 42u), (_driver.Read(0), _driver.Read(4), _driver.Read(8)));
        _driver.Write(0x30, 0);
        Assert.Equal(256u, _driver.Read(0x34));
        _driver.Write(0x30, 1);
        Assert.Equal(0u, _driver.Read(0x34));
    }

    [Fact]
    public void Features_that_were_not_offered_or_lack_VERSION_1_are_not_accepted()
    {
        _driver.Write(0x70, 3);
        _driver.Write(0x24, 0);
        _driver.Write(0x20, 0x4000_0000);
        _driver.Write(0x24, 1);
        _driver.Write(0x20, 1);
        _driver.Write(0x70, 0xB);
        Assert.Equal(3u, _driver.Status);

        _driver.Write(0x24, 0);
        _driver.Write(0x20, 1);
        _driver.Write(0x24, 1);
        _driver.Write(0x20, 0);
        _driver.Write(0x70, 0xB);
        Assert.Equal(3u, _driver.Status);
    }

    [Fact]
    public void A_driver_that_skips_negotiation_does_not_start_the_device()
    {
        _driver.Write(0x70, 7);
        Assert.False(_driver.Device.IsActive);
        Assert.Equal(0u, _driver.Status & VirtioConstants.DRIVER_OK);
    }

    [Theory]
    [InlineData(3, 0x10000, 0x11000, 0x12000)]          // no power of two
    [InlineData(512, 0x10000, 0x11000, 0x12000)]        // more than the device has
    [InlineData(8, 0x10008, 0x11000, 0x12000)]          // not aligned
    [InlineData(8, 0x10000, 0x11001, 0x12000)]
    [InlineData(8, 0x10000, 0x11000, 0x12002)]
    [InlineData(8, 0xFFFF0, 0x11000, 0x12000)]          // outside of memory
    [InlineData(8, 0x10000, 0x11000, 0xFFFC0)]
    [InlineData(8, 0x10000, 0xFFFFF000, 0x12000)]
    public void A_queue_that_is_set_up_wrongly_makes_the_device_need_a_reset(uint size, uint descriptors, uint available, uint used)
    {
        _driver.Write(0x70, 3);
        _driver.AcceptFeatures(ulong.MaxValue);
        _driver.Write(0x70, 0xB);
        _driver.Write(0x30, 0);
        _driver.Write(0x38, size);
        _driver.Write(0x80, descriptors);
        _driver.Write(0x90, available);
        _driver.Write(0xA0, used);
        _driver.Write(0x44, 1);
        _driver.Write(0x70, 0xF);
        Assert.NotEqual(0u, _driver.Status & VirtioConstants.DEVICE_NEEDS_RESET);
        Assert.False(_driver.Device.IsActive);
        _driver.Start();
        Assert.True(_driver.Device.IsActive);
    }

    [Fact]
    public void A_running_queue_cannot_be_moved()
    {
        _driver.Start();
        _driver.Write(0x30, 0);
        _driver.Write(0x80, 0x50000);
        _driver.Write(0x38, 4);
        Assert.Equal((TestDriver.QueueArea(0), (ushort)8), (_driver.Device.Queues[0].DescriptorArea, _driver.Device.Queues[0].Size));
    }

    [Fact]
    public void A_paused_device_does_nothing_and_goes_on_afterwards()
    {
        _driver.Start();
        _driver.Device.Pause();
        _driver.Offer(0, (_driver.Buffer("ab"u8), 2, false));
        _driver.Notify(0);
        Assert.False(_driver.HasUsed(0));
        _driver.Device.Resume();
        Assert.Equal(0u, _driver.TakeUsed(0).Head);
    }
}
