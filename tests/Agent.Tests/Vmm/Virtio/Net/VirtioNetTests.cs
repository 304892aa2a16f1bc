using System.Buffers.Binary;
using System.Diagnostics;
using Appliance.Agent.Tests.Linux;
using Appliance.Linux.Devices;
using Appliance.Linux.Libc;
using Appliance.Vmm.Virtio.Net;
using Appliance.Vmm.Virtio.RateLimits;

namespace Appliance.Agent.Tests.Vmm.Virtio.Net;

/// <summary>A driver in the test on one side, the kernel's own network on the other side of a TAP.</summary>
public sealed class VirtioNetTests : IDisposable
{
    private const int HeaderBytes = 12;
    private const ulong MergeableBuffers = 1UL << 15;

    private static readonly byte[] Mac = [0x52, 0x54, 0, 1, 2, 3];

    private readonly TestNamespace _namespace = new();
    private readonly Fd _wire;
    private TestDriver _driver;

    public VirtioNetTests()
    {
        Fd? wire = null;
        _namespace.Exec("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
        _namespace.Run(static () => TapDevice.EnsurePersistent("tap0", null, null));
        var tap = OpenTap();
        _namespace.Exec("ip link set tap0 up");
        _namespace.Run(() => Assert.True(PacketSocket.TryOpen(
            Interfaces.IndexOf("tap0"), [new SockFilter(PacketSocket.BPF_RET_K, 0, 0, 0xFFFF)], 1 << 20, out wire, out _)));
        _wire = wire!;
        _driver = new TestDriver(_ => new VirtioNet(tap, Mac, 1500));
    }

    private NetMetrics Metrics => ((VirtioNet)_driver.Device).Metrics;

    public void Dispose()
    {
        _driver.Dispose();
        _wire.Dispose();
        _namespace.Dispose();
    }

    [Fact]
    public void The_configuration_has_address_link_and_mtu()
    {
        Assert.Equal(0x0100_5452u, _driver.Read(0x100));
        Assert.Equal((1u, 1500u), (_driver.Read(0x104) >> 16, _driver.Read(0x108) >> 16));
    }

    [Fact]
    public void A_frame_of_the_guest_goes_out()
    {
        _driver.Start();
        byte[] frame = Frame(100);
        _driver.Exchange(1, (_driver.Buffer(new byte[HeaderBytes]), HeaderBytes, false), (_driver.Buffer(frame), 60, false), (_driver.Buffer(frame.AsSpan(60)), 40, false));
        byte[] seen = new byte[2000];
        Assert.True(Files.TryRead(_wire, seen, out int length));
        Assert.Equal(frame, seen[..length]);
        Assert.Equal((1, 100, 0), (Metrics.SentFrames, Metrics.SentBytes, Metrics.DroppedSent));
    }

    [Fact]
    public void What_is_no_frame_is_dropped()
    {
        _driver.Start();
        _driver.Exchange(1, (_driver.Buffer(new byte[HeaderBytes]), HeaderBytes, false));
        _driver.Exchange(1, (_driver.Buffer(new byte[HeaderBytes + 3]), HeaderBytes + 3, false));
        _driver.Exchange(1, (_driver.Buffer(new byte[4]), 4, true));
        Assert.Equal((0, 3), (Metrics.SentFrames, Metrics.DroppedSent));
        Assert.True(_driver.Device.IsActive);
    }

    [Fact]
    public void A_frame_for_the_guest_arrives_with_its_header_in_one_buffer()
    {
        _driver.Start(~MergeableBuffers);
        ulong room = _driver.Buffer(new byte[1600]);
        _driver.Offer(0, (room, 1600, true));
        _driver.Notify(0);
        byte[] frame = Frame(200);
        Assert.True(Files.TryWrite(_wire, frame, out _));
        Assert.Equal(212u, _driver.TakeUsed(0).Written);
        Assert.Equal(1, BinaryPrimitives.ReadUInt16LittleEndian(_driver.Memory.Slice(room + 10, 2)));
        Assert.Equal(frame, _driver.Memory.Slice(room + HeaderBytes, 200).ToArray());
    }

    [Fact]
    public void A_large_frame_is_spread_over_buffers_that_appear_together()
    {
        _driver.Start();
        ulong[] rooms = [.. Enumerable.Range(0, 4).Select(_ => _driver.Buffer(new byte[512]))];
        byte[] frame = Frame(1400);
        _driver.Offer(0, (rooms[0], 512, true));
        _driver.Notify(0);
        Assert.True(Files.TryWrite(_wire, frame, out _));
        _driver.Work();
        Assert.False(_driver.HasUsed(0));               // waits for the rest of its room

        _driver.Offer(0, (rooms[1], 512, true));
        _driver.Offer(0, (rooms[2], 512, true));
        _driver.Notify(0);
        Assert.Equal([512u, 512, 1412 - 1024], Enumerable.Range(0, 3).Select(_ => _driver.TakeUsed(0).Written));
        Assert.Equal(3, BinaryPrimitives.ReadUInt16LittleEndian(_driver.Memory.Slice(rooms[0] + 10, 2)));
        byte[] got = [.. _driver.Memory.Slice(rooms[0] + HeaderBytes, 500), .. _driver.Memory.Slice(rooms[1], 512), .. _driver.Memory.Slice(rooms[2], 388)];
        Assert.Equal(frame, got);
    }

    [Fact]
    public void A_buffer_that_is_too_small_loses_the_frame_and_not_the_device()
    {
        _driver.Start(~MergeableBuffers);
        _driver.Offer(0, (_driver.Buffer(new byte[64]), 64, true));
        _driver.Notify(0);
        Assert.True(Files.TryWrite(_wire, Frame(200), out _));
        Assert.Equal(0u, _driver.TakeUsed(0).Written);
        Assert.Equal(1, Metrics.DroppedReceived);
        Assert.True(_driver.Device.IsActive);
    }

    [Fact]
    public void Frames_wait_in_the_TAP_while_the_guest_has_no_buffers()
    {
        _driver.Start(~MergeableBuffers);
        for (int i = 0; i < 3; i++)
            Assert.True(Files.TryWrite(_wire, Frame(100 + i), out _));
        _driver.Work();
        for (uint i = 0; i < 3; i++)
        {
            _driver.Offer(0, (_driver.Buffer(new byte[1600]), 1600, true));
            _driver.Notify(0);
            Assert.Equal(112 + i, _driver.TakeUsed(0).Written);
        }
    }

    [Fact]
    public void Frames_beyond_the_limit_wait_in_both_directions_and_none_is_lost()
    {
        _driver.Dispose();
        var limit = new RateLimit(new Rate(50, 1), null);
        _driver = new TestDriver(_ => new VirtioNet(OpenTap(), Mac, 1500, limit, limit));
        _driver.Start(~MergeableBuffers);
        for (int i = 0; i < 3; i++)
            Assert.True(Files.TryWrite(_wire, Frame(100 + i), out _));
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < 3; i++)
            _driver.Offer(0, (_driver.Buffer(new byte[1600]), 1600, true));
        _driver.Notify(0);
        Assert.Equal([112u, 113, 114], Enumerable.Range(0, 3).Select(_ => _driver.TakeUsed(0).Written));
        Assert.InRange(clock.ElapsedMilliseconds, 39, long.MaxValue);

        byte[] frame = [.. new byte[HeaderBytes], .. Frame(100)];
        clock.Restart();
        for (int i = 0; i < 3; i++)
            _driver.Exchange(1, (_driver.Buffer(frame), (uint)frame.Length, false));
        Assert.InRange(clock.ElapsedMilliseconds, 39, long.MaxValue);
        Assert.Equal((3, 3, 0), (Metrics.ReceivedFrames, Metrics.SentFrames, Metrics.DroppedReceived));
        Assert.True(Metrics.ThrottledReceived > 0 && Metrics.ThrottledSent > 0);
    }

    private Fd OpenTap()
    {
        Fd? tap = null;
        _namespace.Run(() => Assert.Equal(Errno.None, TapQueue.TryOpen("tap0", out tap)));
        return tap!;
    }

    // Ethernet to nobody, of a protocol that no host answers.
    private static byte[] Frame(int length)
    {
        byte[] frame = new byte[length];
        for (int i = 0; i < length; i++)
            frame[i] = (byte)i;
        ((ReadOnlySpan<byte>)[0x52, 0x54, 0, 9, 9, 9, 0x52, 0x54, 0, 1, 2, 3, 0x88, 0xB5]).CopyTo(frame);
        return frame;
    }
}
