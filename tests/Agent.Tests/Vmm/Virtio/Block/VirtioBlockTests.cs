using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using Appliance.Linux.Libc;
using Appliance.Vmm.Virtio.Block;
using Appliance.Vmm.Virtio.RateLimits;

namespace Appliance.Agent.Tests.Vmm.Virtio.Block;

public sealed class VirtioBlockTests : IDisposable
{
    private const int DiskBytes = 1 << 20;
    private const byte Ok = 0, IoError = 1, Unsupported = 2;

    private readonly string _path = Path.GetTempFileName();
    private readonly byte[] _content = RandomNumberGenerator.GetBytes(DiskBytes);

    public VirtioBlockTests() => File.WriteAllBytes(_path, _content);

    public void Dispose() => File.Delete(_path);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sectors_are_read_and_written(bool usesUring)
    {
        using var driver = Start(usesUring: usesUring);
        ulong data = driver.Buffer(new byte[4096]);
        Assert.Equal((Ok, 4097u), Request(driver, BlockRequest.VIRTIO_BLK_T_IN, 16, (data, 4096, true)));
        Assert.Equal(_content.AsSpan(16 * 512, 4096), driver.Memory.Slice(data, 4096));

        byte[] fresh = RandomNumberGenerator.GetBytes(1024);
        Assert.Equal((Ok, 1u), Request(driver, BlockRequest.VIRTIO_BLK_T_OUT, 2046, (driver.Buffer(fresh), 1024, false)));
        Assert.Equal((Ok, 1u), Request(driver, BlockRequest.VIRTIO_BLK_T_FLUSH, 0));
        Assert.Equal(fresh, File.ReadAllBytes(_path)[(2046 * 512)..]);
    }

    [Fact]
    public void The_configuration_tells_capacity_and_limits()
    {
        using var driver = Start();
        Assert.Equal((2048u, 0u, 126u, 512u), (driver.Read(0x100), driver.Read(0x104), driver.Read(0x10C), driver.Read(0x114)));
    }

    [Fact]
    public void What_is_outside_of_the_disk_or_cut_wrongly_is_an_error_and_changes_nothing()
    {
        using var driver = Start();
        ulong data = driver.Buffer(new byte[1024]);
        foreach (ulong sector in new ulong[] { 2048, 2047, ulong.MaxValue, ulong.MaxValue / 512, 1UL << 55 })
        {
            Assert.Equal(IoError, Request(driver, BlockRequest.VIRTIO_BLK_T_OUT, sector, (data, 1024, false)).Status);
            Assert.Equal(IoError, Request(driver, BlockRequest.VIRTIO_BLK_T_IN, sector, (data, 1024, true)).Status);
        }

        Assert.Equal(IoError, Request(driver, BlockRequest.VIRTIO_BLK_T_OUT, 0, (data, 513, false)).Status);
        Assert.Equal(IoError, Request(driver, BlockRequest.VIRTIO_BLK_T_IN, 0).Status);
        Assert.Equal(Unsupported, Request(driver, 77, 0, (data, 512, false)).Status);
        Assert.Equal(_content, File.ReadAllBytes(_path));
    }

    [Fact]
    public void A_chain_without_room_for_a_status_comes_back()
    {
        using var driver = Start();
        Assert.Equal(0u, driver.Exchange(0, (driver.Buffer(new byte[16]), 16, false)));
        Assert.Equal(1u, driver.Exchange(0, (driver.Buffer(new byte[4]), 4, false), (driver.Buffer(new byte[1]), 1, true)));
    }

    [Fact]
    public void A_read_only_disk_refuses_changes()
    {
        using var driver = Start(isReadOnly: true);
        driver.Write(0x14, 0);
        Assert.NotEqual(0u, driver.Read(0x10) & (1 << 5));
        Assert.Equal(IoError, Request(driver, BlockRequest.VIRTIO_BLK_T_OUT, 0, (driver.Buffer(new byte[512]), 512, false)).Status);
        Assert.Equal(IoError, Request(driver, BlockRequest.VIRTIO_BLK_T_DISCARD, 0, Range(driver, 0, 8, 0)).Status);
    }

    [Fact]
    public void Discard_and_write_zeroes_clear_exactly_their_range()
    {
        using var driver = Start();
        Assert.Equal(Ok, Request(driver, BlockRequest.VIRTIO_BLK_T_WRITE_ZEROES, 0, Range(driver, 8, 16, 1)).Status);
        Assert.Equal(Ok, Request(driver, BlockRequest.VIRTIO_BLK_T_DISCARD, 0, Range(driver, 64, 64, 0)).Status);
        Assert.Equal(IoError, Request(driver, BlockRequest.VIRTIO_BLK_T_DISCARD, 0, Range(driver, 2047, 2, 0)).Status);
        Assert.Equal(Unsupported, Request(driver, BlockRequest.VIRTIO_BLK_T_DISCARD, 0, Range(driver, 0, 8, 1)).Status);
        byte[] expected = [.. _content];
        expected.AsSpan(8 * 512, 16 * 512).Clear();
        expected.AsSpan(64 * 512, 64 * 512).Clear();
        Assert.Equal(expected, File.ReadAllBytes(_path));
    }

    [Fact]
    public void The_id_is_the_disks()
    {
        using var driver = Start();
        ulong id = driver.Buffer(new byte[20]);
        Assert.Equal((Ok, 21u), Request(driver, BlockRequest.VIRTIO_BLK_T_GET_ID, 0, (id, 20, true)));
        Assert.Equal("the-serial\0"u8, driver.Memory.Slice(id, 11));
    }

    [Fact]
    public void A_disk_that_got_shorter_is_an_error_not_a_hang()
    {
        using var driver = Start();
        using (var file = File.OpenWrite(_path))
            file.SetLength(4096);
        Assert.Equal(IoError, Request(driver, BlockRequest.VIRTIO_BLK_T_IN, 4, (driver.Buffer(new byte[4096]), 4096, true)).Status);
    }

    [Fact]
    public void A_longer_disk_is_announced_and_usable()
    {
        using var driver = Start();
        using (var file = File.OpenWrite(_path))
            file.SetLength(2 * DiskBytes);
        uint generation = driver.Read(0xFC);
        ((VirtioBlock)driver.Device).Resize();
        Assert.Equal((4096u, 2u), (driver.Read(0x100), driver.Read(0x60) & 2));
        Assert.NotEqual(generation, driver.Read(0xFC));
        Assert.Equal(Ok, Request(driver, BlockRequest.VIRTIO_BLK_T_OUT, 4095, (driver.Buffer(new byte[512]), 512, false)).Status);
    }

    [Fact]
    public void A_reset_with_operations_in_flight_leaves_none()
    {
        using var driver = Start();
        ulong header = driver.Buffer(new byte[16]), data = driver.Buffer(new byte[512]), status = driver.Buffer(new byte[1]);
        for (int round = 0; round < 200; round++)
        {
            driver.Offer(0, (header, 16, false), (data, 512, true), (status, 1, true));
            driver.Notify(0);
            driver.Start();
            driver.Memory.Slice(data, 512).Fill(0xEE);
            Assert.Equal(0xEE, driver.Memory.Slice(data, 1)[0]);
        }
    }

    [Fact]
    public void Requests_beyond_the_limit_wait_for_their_time_and_are_all_served()
    {
        var clock = Stopwatch.StartNew();
        using var driver = new TestDriver(_ => new VirtioBlock(Files.Open(_path, Files.O_RDWR), false, "limited", limit: new RateLimit(new Rate(100, 2), null)));
        driver.Start();
        ulong header = driver.Buffer(new byte[16]), data = driver.Buffer(new byte[512]), status = driver.Buffer(new byte[1]);
        for (int i = 0; i < 2; i++)
            driver.Offer(0, (header, 16, false), (data, 512, true), (status, 1, true));
        driver.Notify(0);
        for (int i = 0; i < 2; i++)
            driver.TakeUsed(0);
        for (int i = 0; i < 2; i++)
            driver.Offer(0, (header, 16, false), (data, 512, true), (status, 1, true));
        driver.Notify(0);
        for (int i = 0; i < 2; i++)
            driver.TakeUsed(0);
        Assert.InRange(clock.ElapsedMilliseconds, 20, long.MaxValue);
        Assert.Equal(4, ((VirtioBlock)driver.Device).Metrics.Reads);
    }

    [Fact]
    public void A_request_larger_than_the_burst_is_paid_for_by_the_next()
    {
        using var driver = new TestDriver(_ => new VirtioBlock(Files.Open(_path, Files.O_RDWR), false, "limited", limit: new RateLimit(null, new Rate(100_000, 1000))));
        driver.Start();
        ulong data = driver.Buffer(new byte[4096]);
        var clock = Stopwatch.StartNew();
        Assert.Equal(Ok, Request(driver, BlockRequest.VIRTIO_BLK_T_IN, 0, (data, 4096, true)).Status);
        Assert.Equal(Ok, Request(driver, BlockRequest.VIRTIO_BLK_T_IN, 0, (data, 512, true)).Status);
        Assert.InRange(clock.ElapsedMilliseconds, 36, long.MaxValue);       // 4096 - 1000 + 512 bytes
        Assert.NotEqual(0, ((VirtioBlock)driver.Device).Metrics.Throttled);
    }

    private TestDriver Start(bool isReadOnly = false, bool usesUring = true)
    {
        var driver = new TestDriver(_ => new VirtioBlock(Files.Open(_path, isReadOnly ? Files.O_RDONLY : Files.O_RDWR), isReadOnly, "the-serial", usesUring));
        driver.Start();
        return driver;
    }

    private static (byte Status, uint Written) Request(TestDriver driver, uint type, ulong sector, params (ulong, uint, bool)[] data)
    {
        byte[] header = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), sector);
        ulong status = driver.Buffer([0xFF]);
        uint written = driver.Exchange(0, [(driver.Buffer(header), 16, false), .. data, (status, 1, true)]);
        return (driver.Memory.Slice(status, 1)[0], written);
    }

    private static (ulong, uint, bool) Range(TestDriver driver, ulong sector, uint sectors, uint flags)
    {
        byte[] range = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(range, sector);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(8), sectors);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(12), flags);
        return (driver.Buffer(range), 16, false);
    }
}
