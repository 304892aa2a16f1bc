using System.Diagnostics;
using Appliance.Agent.Faults;
using Appliance.Agent.Logging;
using Appliance.Agent.Storage;
using Appliance.Agent.Tests.Compute;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Storage;

/// <summary>Image cache and disks over a folder. Starting another over the same folder is an agent's restart.</summary>
internal sealed class TestStorage : IAsyncDisposable
{
    public TestStorage(string folder, TestImages images, TimeProvider? clock = null, Func<StorageOptions, StorageOptions>? configure = null)
    {
        var options = new StorageOptions { DataFolder = folder, ReservedBytes = 0 };
        options = configure?.Invoke(options) ?? options;
        Folder = folder;
        Layout = new StorageLayout(folder);
        Images = images;
        Cache = new ImageCache(options, Layout, TestFleet.Jail, images, Log.Silent, clock ?? TimeProvider.System);
        Disks = new ServerDisks(options, TestFleet.Jail, Cache);
    }

    public string Folder { get; }

    public StorageLayout Layout { get; }

    public TestImages Images { get; }

    public ImageCache Cache { get; }

    public ServerDisks Disks { get; }

    public List<string> Progress { get; } = [];

    public async Task<CachedImage> EnsureAsync(ImageDocument image)
    {
        var outcome = await Cache.EnsureAsync(image, Progress.Add, CancellationToken.None);
        return outcome.Failed(out var fault, out var cached) ? throw new InvalidOperationException(fault.ToString()) : cached;
    }

    public async Task<Fault> EnsureFailsAsync(ImageDocument image)
    {
        Assert.True((await Cache.EnsureAsync(image, Progress.Add, CancellationToken.None)).Failed(out var fault, out _));
        return fault;
    }

    /// <summary>The disks of a new server.</summary>
    public async Task<Outcome<ServerDiskSet>> MakeDisksAsync(ImageDocument? image, int rootGiB = 0, int ephemeralGiB = 0, int swapMiB = 0)
    {
        var folder = Path.Combine(Folder, "servers", Guid.NewGuid().ToString());
        Directory.CreateDirectory(folder);
        return await Disks.EnsureAsync(
            new ServerDiskRequest(folder, image, rootGiB, ephemeralGiB, swapMiB, Environment.IsPrivilegedProcess ? 200_123 : null), Progress.Add, CancellationToken.None);
    }

    public async Task<ServerDiskSet> DisksAsync(ImageDocument? image, int rootGiB = 0, int ephemeralGiB = 0, int swapMiB = 0) =>
        (await MakeDisksAsync(image, rootGiB, ephemeralGiB, swapMiB)).Failed(out var fault, out var set) ? throw new InvalidOperationException(fault.ToString()) : set;

    /// <summary>Runs a tool of the machine; its output.</summary>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {process.ExitCode} {output}");
    }

    /// <summary>Bytes a file really takes on the disk.</summary>
    public static async Task<long> AllocatedAsync(string path) =>
        long.Parse(await RunAsync("stat", "-c", "%b", path), CultureInfo.InvariantCulture) * 512;

    public static byte[] RandomBytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        await Cache.DisposeAsync();
        Disks.Dispose();
    }
}
