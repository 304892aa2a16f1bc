using Appliance.Agent.Faults;
using Appliance.Agent.Storage;
using Appliance.Agent.Tests.Compute;

namespace Appliance.Agent.Tests.Storage;

public sealed class ServerDisksTests
{
    [Fact]
    public async Task A_root_disk_is_the_image_grown_to_the_flavor_and_takes_no_more_space()
    {
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var bytes = TestStorage.RandomBytes((2 << 20) + 100);

        var disks = await storage.DisksAsync(storage.Images.Add(bytes), rootGiB: 1);

        await using var root = File.OpenRead(disks.RootPath!);
        Assert.Equal(1L << 30, root.Length);
        var start = new byte[bytes.Length];
        await root.ReadExactlyAsync(start, TestContext.Current.CancellationToken);
        Assert.Equal(bytes, start);
        Assert.InRange(await TestStorage.AllocatedAsync(disks.RootPath!), 1, 3 << 20);
    }

    [Fact]
    public async Task Without_a_size_a_root_disk_is_the_image_in_whole_sectors()
    {
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());

        var disks = await storage.DisksAsync(storage.Images.Add(TestStorage.RandomBytes(1000)));

        Assert.Equal(1024, new FileInfo(disks.RootPath!).Length);
    }

    [Fact]
    public async Task An_image_larger_than_the_flavors_disk_is_a_fault_that_names_both()
    {
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var path = Path.Combine(folder.Path, "disk.qcow2");
        await TestStorage.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", path, "2G");
        var image = storage.Images.Add(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken), "qcow2");

        Assert.True((await storage.MakeDisksAsync(image, rootGiB: 1)).Failed(out var fault, out _));

        Assert.Equal(FaultKind.Final, fault.Kind);
        Assert.Contains("2 GiB", fault.Text);
        Assert.Contains("1 GiB", fault.Text);
    }

    [Fact]
    public async Task A_disk_in_the_making_is_never_taken_for_a_disk()
    {
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var bytes = TestStorage.RandomBytes(1 << 20);
        var server = Path.Combine(folder.Path, "servers", "one");
        Directory.CreateDirectory(server);
        await File.WriteAllTextAsync(Path.Combine(server, "root.disk.partial"), "half", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(server, "swap.disk.partial"), "half", TestContext.Current.CancellationToken);

        var request = new ServerDiskRequest(server, storage.Images.Add(bytes), 0, 0, 1, null);
        Assert.False((await storage.Disks.EnsureAsync(request, _ => { }, CancellationToken.None)).Failed(out _, out var disks));

        Assert.Equal(bytes, await File.ReadAllBytesAsync(disks!.RootPath!, TestContext.Current.CancellationToken));
        Assert.Equal(["root.disk", "swap.disk"], Directory.EnumerateFiles(server).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task A_disk_that_exists_is_never_made_again()
    {
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var server = Path.Combine(folder.Path, "servers", "one");
        Directory.CreateDirectory(server);
        var request = new ServerDiskRequest(server, storage.Images.Add(TestStorage.RandomBytes(1 << 20)), 0, 0, 1, null);
        await storage.Disks.EnsureAsync(request, _ => { }, CancellationToken.None);
        await File.WriteAllTextAsync(Path.Combine(server, "root.disk"), "the guest's", TestContext.Current.CancellationToken);

        storage.Images.IsReachable = false;
        await storage.Disks.EnsureAsync(request, _ => { }, CancellationToken.None);

        Assert.Equal("the guest's", await File.ReadAllTextAsync(Path.Combine(server, "root.disk"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Ephemeral_and_swap_disks_are_recognized_by_what_reads_them()
    {
        Assert.SkipUnless(File.Exists("/usr/sbin/mkfs.ext4") && File.Exists("/usr/sbin/blkid"), "mkfs.ext4 or blkid is not installed");
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());

        var disks = await storage.DisksAsync(null, ephemeralGiB: 1, swapMiB: 4);

        var ephemeral = await TestStorage.RunAsync("/usr/sbin/blkid", "-p", disks.EphemeralPath!);
        Assert.Contains("TYPE=\"ext4\"", ephemeral);
        Assert.Contains("LABEL=\"ephemeral0\"", ephemeral);
        var swap = await TestStorage.RunAsync("/usr/sbin/blkid", "-p", disks.SwapPath!);
        Assert.Contains("TYPE=\"swap\"", swap);
        Assert.Equal(4 << 20, new FileInfo(disks.SwapPath!).Length);
    }

    [Fact]
    public async Task On_XFS_a_root_disk_shares_its_blocks_with_the_image()
    {
        await using var disk = await MountedDisk.CreateXfsAsync(megabytes: 400);
        await using var storage = new TestStorage(disk.Path, new TestImages());
        var image = storage.Images.Add(TestStorage.RandomBytes(100 << 20));
        await storage.EnsureAsync(image);
        var before = FreeSpace.At(disk.Path);

        for (var i = 0; i < 5; i++)
        {
            var disks = await storage.DisksAsync(image, rootGiB: 1);
            Assert.Equal(1L << 30, new FileInfo(disks.RootPath!).Length);
        }

        Assert.InRange(before - FreeSpace.At(disk.Path), 0, 5 << 20);
    }

    [Fact]
    public async Task A_kernel_and_ramdisk_are_kept_as_they_are_in_the_cache()
    {
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var image = storage.Images.Add([1]) with { Kernel = storage.Images.Add([2]), Ramdisk = storage.Images.Add([3]) };

        var disks = await storage.DisksAsync(image);

        Assert.Equal([2], await File.ReadAllBytesAsync(disks.KernelPath!, TestContext.Current.CancellationToken));
        Assert.Equal([3], await File.ReadAllBytesAsync(disks.RamdiskPath!, TestContext.Current.CancellationToken));
        Assert.Equal([image.Sha512, image.Kernel!.Sha512, image.Ramdisk!.Sha512], ServerDisks.ImagesOf(image));
    }

    [Fact]
    public async Task A_full_disk_is_a_fault_and_leaves_no_disk()
    {
        await using var disk = await MountedDisk.CreateTmpfsAsync(megabytes: 8);
        await using var storage = new TestStorage(disk.Path, new TestImages());
        var image = storage.Images.Add(TestStorage.RandomBytes(5 << 20));

        Assert.True((await storage.MakeDisksAsync(image, rootGiB: 1)).Failed(out var fault, out _));

        Assert.Equal(FaultKind.Passing, fault.Kind);
        Assert.Contains("disk space", fault.Text);
        Assert.DoesNotContain(Directory.EnumerateFiles(disk.Path, "*.disk", SearchOption.AllDirectories), _ => true);
    }
}
