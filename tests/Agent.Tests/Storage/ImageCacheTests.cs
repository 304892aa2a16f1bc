using Appliance.Agent.Faults;
using Appliance.Agent.Tests.Compute;

namespace Appliance.Agent.Tests.Storage;

public sealed class ImageCacheTests
{
    [Fact]
    public async Task An_image_is_fetched_once_for_all_who_ask()
    {
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var bytes = TestStorage.RandomBytes(300_000);
        var image = storage.Images.Add(bytes);

        var cached = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => storage.EnsureAsync(image)));

        Assert.Equal([0L], storage.Images.Opened);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(cached[0].Path, TestContext.Current.CancellationToken));
        Assert.Empty(Directory.EnumerateFiles(storage.Layout.Partial));
    }

    [Fact]
    public async Task A_transfer_that_was_cut_off_goes_on_where_it_was_also_in_the_next_agent()
    {
        using var folder = new TestFolder();
        var images = new TestImages { BreakAfter = 100_000 };
        var bytes = TestStorage.RandomBytes(300_000);
        var image = images.Add(bytes);
        await using (var storage = new TestStorage(folder.Path, images))
            Assert.Equal(FaultKind.Waiting, (await storage.EnsureFailsAsync(image)).Kind);

        await using var again = new TestStorage(folder.Path, images);
        var cached = await again.EnsureAsync(image);

        Assert.Equal([0L, 100_000L], images.Opened);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(cached.Path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Bytes_that_are_not_the_image_are_never_published()
    {
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var bytes = TestStorage.RandomBytes(10_000);
        var image = storage.Images.Add(bytes);
        storage.Images.Replace(image.Id, TestStorage.RandomBytes(10_001)[..10_000]);

        Assert.Equal(FaultKind.Passing, (await storage.EnsureFailsAsync(image)).Kind);
        Assert.False(File.Exists(storage.Layout.ImagePath(image.Sha512)));

        storage.Images.Replace(image.Id, bytes);
        await storage.EnsureAsync(image);
    }

    [Fact]
    public async Task The_same_bytes_under_two_formats_are_two_disks()
    {
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var path = Path.Combine(folder.Path, "x.qcow2");
        await TestStorage.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", path, "1M");
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);

        var raw = await storage.EnsureAsync(storage.Images.Add(bytes));
        var unfolded = await storage.EnsureAsync(storage.Images.Add(bytes, "qcow2"));

        Assert.Equal(bytes, await File.ReadAllBytesAsync(raw.Path, TestContext.Current.CancellationToken));
        Assert.Equal(new byte[1 << 20], await File.ReadAllBytesAsync(unfolded.Path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Without_a_link_the_image_is_waited_for()
    {
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages { IsReachable = false });
        var image = storage.Images.Add([1]);

        Assert.Equal(FaultKind.Waiting, (await storage.EnsureFailsAsync(image)).Kind);

        storage.Images.IsReachable = true;
        await storage.EnsureAsync(image);
    }

    [Fact]
    public async Task Zeros_of_a_raw_image_take_no_space()
    {
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var bytes = new byte[8 << 20];
        bytes[0] = bytes[^1] = 1;

        var cached = await storage.EnsureAsync(storage.Images.Add(bytes));

        Assert.Equal(bytes, await File.ReadAllBytesAsync(cached.Path, TestContext.Current.CancellationToken));
        Assert.InRange(await TestStorage.AllocatedAsync(cached.Path), 1, 1 << 20);
    }

    [Fact]
    public async Task Unused_images_go_after_their_time_and_used_ones_stay()
    {
        using var folder = new TestFolder();
        var clock = new ManualClock();
        await using var storage = new TestStorage(folder.Path, new TestImages(), clock);
        var (used, unused) = (storage.Images.Add([1]), storage.Images.Add([2]));
        await storage.EnsureAsync(used);
        await storage.EnsureAsync(unused);
        storage.Cache.SetInUse(new HashSet<string> { used.Sha512 });

        clock.Advance(TimeSpan.FromHours(23));
        Assert.True(File.Exists(storage.Layout.ImagePath(unused.Sha512)));
        clock.Advance(TimeSpan.FromHours(2));

        Assert.False(File.Exists(storage.Layout.ImagePath(unused.Sha512)));
        Assert.True(File.Exists(storage.Layout.ImagePath(used.Sha512)));
    }

    [Fact]
    public async Task A_full_disk_makes_room_by_unused_images_first_and_then_says_so()
    {
        await using var disk = await MountedDisk.CreateTmpfsAsync(megabytes: 12);
        await using var storage = new TestStorage(disk.Path, new TestImages());
        var old = storage.Images.Add(TestStorage.RandomBytes(8 << 20));
        await storage.EnsureAsync(old);

        var next = storage.Images.Add(TestStorage.RandomBytes(9 << 20));
        await storage.EnsureAsync(next);
        Assert.False(File.Exists(storage.Layout.ImagePath(old.Sha512)));

        storage.Cache.SetInUse(new HashSet<string> { next.Sha512 });
        var fault = await storage.EnsureFailsAsync(old);
        Assert.Equal(FaultKind.Passing, fault.Kind);
        Assert.Contains("disk space", fault.Text);
    }
}
