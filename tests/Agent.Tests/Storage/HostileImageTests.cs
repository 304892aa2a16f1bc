using System.Buffers.Binary;
using Appliance.Agent.Faults;
using Appliance.Agent.Tests.Compute;

namespace Appliance.Agent.Tests.Storage;

/// <summary>qcow2 images, good and bad.</summary>
public sealed class HostileImageTests
{
    [Fact]
    public async Task A_good_image_is_unfolded_once_into_exactly_its_disk()
    {
        SkipWithoutQemuImg();
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var disk = new byte[20 << 20];
        TestStorage.RandomBytes(3 << 20).CopyTo(disk, 5 << 20);
        var image = storage.Images.Add(await QcowOfAsync(folder, disk, "-c"), "qcow2");

        var cached = await storage.EnsureAsync(image);

        Assert.Equal(disk, await File.ReadAllBytesAsync(cached.Path, TestContext.Current.CancellationToken));
        Assert.InRange(await TestStorage.AllocatedAsync(cached.Path), 3 << 20, 5 << 20);
        Assert.Empty(Directory.EnumerateFiles(storage.Layout.Partial));
        Assert.Equal(cached, await storage.EnsureAsync(image));
        Assert.Single(storage.Images.Opened);
    }

    [Fact]
    public async Task An_image_with_a_backing_file_is_refused_and_the_file_stays_secret()
    {
        SkipWithoutQemuImg();
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var path = Path.Combine(folder.Path, "hostile");
        await TestStorage.RunAsync("qemu-img", "create", "-q", "-f", "qcow2", "-b", "/etc/shadow", "-F", "raw", path, "1M");

        await IsRefusedAsync(storage, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken), "backing file");
    }

    [Fact]
    public async Task An_image_whose_data_is_elsewhere_is_refused()
    {
        SkipWithoutQemuImg();
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var path = Path.Combine(folder.Path, "hostile");
        await TestStorage.RunAsync(
            "qemu-img", "create", "-q", "-f", "qcow2", "-o", $"data_file={Path.Combine(folder.Path, "data")},data_file_raw=on", path, "1M");

        await IsRefusedAsync(storage, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken), "another file");
    }

    [Fact]
    public async Task An_encrypted_image_is_refused()
    {
        SkipWithoutQemuImg();
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var bytes = await QcowOfAsync(folder, new byte[1 << 20]);
        // crypt_method: LUKS. qemu-img itself makes such files only after measuring the processor, which fails on a busy machine.
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(32), 2);

        await IsRefusedAsync(storage, bytes, "encrypted");
    }

    [Fact]
    public async Task An_image_that_claims_exabytes_is_refused_before_any_space_is_taken()
    {
        SkipWithoutQemuImg();
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var bytes = await QcowOfAsync(folder, new byte[1 << 20]);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(24), 1UL << 62);

        await IsRefusedAsync(storage, bytes, "GiB");
    }

    [Theory]
    [InlineData("not a qcow2 file at all, but text", "not a qcow2 file")]
    [InlineData("", "not a qcow2 file")]
    public async Task What_is_not_qcow2_is_not_probed_for_what_else_it_may_be(string text, string reason)
    {
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());

        await IsRefusedAsync(storage, System.Text.Encoding.ASCII.GetBytes(text), reason);
    }

    [Fact]
    public async Task A_damaged_image_is_refused()
    {
        SkipWithoutQemuImg();
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var bytes = await QcowOfAsync(folder, TestStorage.RandomBytes(1 << 20));
        // cluster_bits: only qemu-img itself looks at them.
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(20), 40);

        await IsRefusedAsync(storage, bytes, "damaged");
    }

    [Fact]
    public async Task A_qcow2_file_uploaded_as_raw_stays_bytes()
    {
        SkipWithoutQemuImg();
        using var folder = new TestFolder();
        await using var storage = new TestStorage(folder.Path, new TestImages());
        var bytes = await QcowOfAsync(folder, new byte[1 << 20]);

        var cached = await storage.EnsureAsync(storage.Images.Add(bytes, "raw"));

        Assert.Equal(bytes, await File.ReadAllBytesAsync(cached.Path, TestContext.Current.CancellationToken));
    }

    private static async Task IsRefusedAsync(TestStorage storage, byte[] bytes, string reason)
    {
        var fault = await storage.EnsureFailsAsync(storage.Images.Add(bytes, "qcow2"));

        Assert.Equal(FaultKind.Final, fault.Kind);
        Assert.Contains(reason, fault.Text);
        Assert.Empty(Directory.EnumerateFiles(storage.Layout.Images));
        Assert.Empty(Directory.EnumerateFiles(storage.Layout.Partial));
    }

    private static async Task<byte[]> QcowOfAsync(TestFolder folder, byte[] disk, params string[] options)
    {
        var (raw, qcow) = (Path.Combine(folder.Path, "disk.raw"), Path.Combine(folder.Path, "disk.qcow2"));
        await File.WriteAllBytesAsync(raw, disk);
        await TestStorage.RunAsync("qemu-img", ["convert", "-q", "-f", "raw", "-O", "qcow2", .. options, raw, qcow]);
        return await File.ReadAllBytesAsync(qcow);
    }

    private static void SkipWithoutQemuImg() => Assert.SkipUnless(File.Exists("/usr/bin/qemu-img"), "qemu-img is not installed (package qemu-utils)");
}
