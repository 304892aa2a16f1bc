using System.Runtime.CompilerServices;

namespace Appliance.SystemTests.Guest;

/// <summary>The built guest image. The first test that asks for it runs <c>os-image/guest/build</c>, which does nothing when it is up to date.</summary>
internal static class GuestImage
{
    private static readonly Lazy<Task> Build = new(BuildAsync);

    public static string Repository { get; } = FindRepository();

    public static string Disk => Path.Combine(Repository, "out", "guest.qcow2");
    public static string Kernel => Path.Combine(Repository, "out", "guest-vmlinuz");
    public static string Initrd => Path.Combine(Repository, "out", "guest-initrd");

    public static Task EnsureBuiltAsync() => Build.Value;

    private static async Task BuildAsync()
    {
        if (!File.Exists("/usr/bin/qemu-system-x86_64"))
            Assert.Skip("qemu-system-x86_64 is not installed");
        if (!File.Exists("/usr/bin/genisoimage"))
            Assert.Skip("genisoimage is not installed: config drives are made with it");
        var build = await Command.RunAsync(Path.Combine(Repository, "os-image/guest/build"), [], TimeSpan.FromMinutes(10));
        Assert.True(build.Code == 0, $"the guest image does not build:\n{build.Text}");
    }

    private static string FindRepository([CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "../../.."));
}
