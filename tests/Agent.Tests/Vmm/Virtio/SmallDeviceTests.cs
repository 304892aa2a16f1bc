using System.Buffers.Binary;
using Appliance.Linux.Libc;
using Appliance.Vmm.Serial;
using Appliance.Vmm.Virtio.Balloon;
using Appliance.Vmm.Virtio.Console;
using Appliance.Vmm.Virtio.Entropy;

namespace Appliance.Agent.Tests.Vmm.Virtio;

public sealed class SmallDeviceTests
{
    [Fact]
    public void Random_numbers_fill_what_was_asked_for_up_to_a_page()
    {
        using var driver = new TestDriver(static _ => new VirtioEntropy());
        driver.Start();
        ulong room = driver.Buffer(new byte[8192]);
        Assert.Equal(64u, driver.Exchange(0, (room, 64, true)));
        Assert.NotEqual(new byte[64], driver.Memory.Slice(room, 64).ToArray());
        Assert.Equal(4096u, driver.Exchange(0, (room, 8192, true)));
        Assert.Equal(new byte[4096], driver.Memory.Slice(room + 4096, 4096).ToArray());
    }

    [Fact]
    public void A_console_carries_both_directions()
    {
        string path = Path.GetTempFileName();
        using var sink = Files.Open(path, Files.O_WRONLY);
        using (var driver = new TestDriver((_, loop) => new VirtioConsole(new OutputPump(sink, loop))))
        {
            driver.Start();
            var console = (VirtioConsole)driver.Device;
            Assert.Equal(0, console.Receive("lost"u8));
            ulong room = driver.Buffer(new byte[4]);
            driver.Offer(0, (room, 4, true));
            driver.Notify(0);
            Assert.Equal(4, console.Receive("typed"u8));
            Assert.Equal(4u, driver.TakeUsed(0).Written);
            Assert.Equal("type"u8, driver.Memory.Slice(room, 4));

            driver.Exchange(1, (driver.Buffer("hello "u8), 6, false), (driver.Buffer("world"u8), 5, false));
            driver.Work();
        }

        Assert.Equal("hello world", File.ReadAllText(path));
        File.Delete(path);
    }

    [Fact]
    public void A_guest_that_prints_more_than_anybody_reads_loses_output_and_not_its_time()
    {
        using var loop = new Appliance.Vmm.Events.EventLoop("test");
        using var sink = Files.Open("/dev/null", Files.O_WRONLY);
        using var pump = new OutputPump(sink, loop, capacityBytes: 1000);
        for (int i = 0; i < 1500; i++)
            pump.Push((byte)'x');
        Assert.Equal(500, pump.DroppedBytes);
        loop.RunOnce(0);
        pump.Push((byte)'x');
        Assert.Equal(500, pump.DroppedBytes);
    }

    [Fact]
    public void A_balloon_gives_up_exactly_the_pages_the_guest_names()
    {
        using var driver = new TestDriver(static memory => new VirtioBalloon(memory));
        driver.Start();
        driver.Memory.Slice(0xC0000, 0x8000).Fill(7);
        byte[] numbers = new byte[16];
        uint[] pages = [0xC1, 0xC2, 0xC5, 0xFFFF_FFFF];
        for (int i = 0; i < pages.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(numbers.AsSpan(4 * i), pages[i]);
        driver.Exchange(0, (driver.Buffer(numbers), 16, false));
        Assert.Equal([7, 0, 0, 7, 7, 0, 7, 7], Enumerable.Range(0, 8).Select(i => driver.Memory.Slice(0xC0000 + (ulong)i * 0x1000, 1)[0]));

        driver.Exchange(3, (0xC3000, 0x1000, true));
        Assert.Equal(0, driver.Memory.Slice(0xC3000, 1)[0]);
    }

    [Fact]
    public void Without_statistics_the_queue_of_free_pages_moves_up()
    {
        using var driver = new TestDriver(static memory => new VirtioBalloon(memory));
        driver.Start(~2UL);
        driver.Memory.Slice(0xC3000, 0x1000).Fill(7);
        driver.Exchange(2, (0xC3000, 0x1000, true));
        Assert.Equal(0, driver.Memory.Slice(0xC3000, 1)[0]);
        Assert.False(((VirtioBalloon)driver.Device).RequestStatistics());
    }

    [Fact]
    public void A_guest_tells_its_statistics_when_asked()
    {
        using var driver = new TestDriver(static memory => new VirtioBalloon(memory));
        driver.Start();
        var balloon = (VirtioBalloon)driver.Device;
        Assert.False(balloon.RequestStatistics());      // it has given no buffer yet
        byte[] entries = [4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 99, 0, 1, 1, 1, 1, 1, 1, 1, 1, 5, 0, 0, 0, 2, 0, 0, 0, 0, 0, 6];
        ulong buffer = driver.Buffer(entries);
        driver.Offer(2, (buffer, 15, false), (buffer + 15, 16, false));
        driver.Notify(2);
        Assert.Equal((0x10000UL, 0x20000UL, null), (balloon.Statistics.Free, balloon.Statistics.Total, balloon.Statistics.Available));
        Assert.False(driver.HasUsed(2));

        Assert.True(balloon.RequestStatistics());
        driver.TakeUsed(2);
        driver.Memory.TryWrite(buffer + 2, 0x5000UL);
        driver.Offer(2, (buffer, 30, false));
        driver.Notify(2);
        Assert.Equal(0x5000UL, balloon.Statistics.Free);
        driver.Write(0x70, 0);
        Assert.Null(balloon.Statistics.Free);
    }

    [Fact]
    public void A_balloons_target_is_announced()
    {
        using var driver = new TestDriver(static memory => new VirtioBalloon(memory));
        driver.Start();
        var balloon = (VirtioBalloon)driver.Device;
        balloon.SetTarget(25);
        Assert.Equal((25u, 2u), (driver.Read(0x100), driver.Read(0x60) & 2));
        driver.Write(0x104, 20);
        driver.Write(0x100, 99);
        Assert.Equal((20u, 25u), (balloon.ActualPages, driver.Read(0x100)));
    }
}
