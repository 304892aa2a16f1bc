using Appliance.Agent.Tests.Compute;

namespace Appliance.Agent.Tests.Storage;

/// <summary>A file system of the test's own, unmounted at the end. Needs root.</summary>
internal sealed class MountedDisk : IAsyncDisposable
{
    private readonly TestFolder _folder = new();

    private MountedDisk() => Directory.CreateDirectory(Path);

    public string Path => System.IO.Path.Combine(_folder.Path, "mnt");

    public static async Task<MountedDisk> CreateTmpfsAsync(int megabytes)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount");
        var disk = new MountedDisk();
        await TestStorage.RunAsync("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", disk.Path);
        return disk;
    }

    /// <summary>XFS, whose files can share blocks, on a loop device.</summary>
    public static async Task<MountedDisk> CreateXfsAsync(int megabytes)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can mount");
        Assert.SkipUnless(File.Exists("/usr/sbin/mkfs.xfs"), "mkfs.xfs is not installed (package xfsprogs)");
        var disk = new MountedDisk();
        var file = System.IO.Path.Combine(disk._folder.Path, "disk.img");
        await TestStorage.RunAsync("truncate", "-s", $"{megabytes}M", file);
        await TestStorage.RunAsync("/usr/sbin/mkfs.xfs", "-q", "-m", "reflink=1", file);
        await TestStorage.RunAsync("mount", "-o", "loop", file, disk.Path);
        return disk;
    }

    public async ValueTask DisposeAsync()
    {
        await TestStorage.RunAsync("umount", Path);
        _folder.Dispose();
    }
}
