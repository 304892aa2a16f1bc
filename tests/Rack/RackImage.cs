using System.Diagnostics;

namespace Appliance.RackTests;

/// <summary>What nodes boot: built once from Debian packages and kept in <c>.cache/rack</c>; and the program under test.</summary>
internal sealed record RackImage(string Kernel, string NodeArchive, string Vmm)
{
    private static readonly Lazy<RackImage> Built = new(Build);
    private static readonly Lazy<string> BuiltGuestDisk = new(BuildGuestDisk);

    /// <summary>The project's guest image, as a raw disk.</summary>
    public static string GuestDisk => BuiltGuestDisk.Value;

    public static RackImage Get() => Built.Value;

    private static RackImage Build()
    {
        string root = FindRoot();
        string vmm = Path.Combine(root, "out/appliance-vmm");
        Assert.True(File.Exists(vmm), "out/appliance-vmm is missing: run scripts/build vmm");
        string cache = Path.Combine(root, ".cache/rack");
        Run(Path.Combine(root, "tests/Rack/rig/build"), cache);
        return new RackImage(Path.Combine(cache, "vmlinuz"), Path.Combine(cache, "node.cpio"), vmm);
    }

    private static string BuildGuestDisk()
    {
        string image = Path.Combine(FindRoot(), "out/guest.qcow2"), disk = Path.Combine(FindRoot(), ".cache/rack/guest.raw");
        Assert.True(File.Exists(image), "out/guest.qcow2 is missing: run scripts/build guest");
        Directory.CreateDirectory(Path.GetDirectoryName(disk)!);
        Run("qemu-img", "convert", "-O", "raw", image, disk);
        return disk;
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
    }

    private static string FindRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Appliance.sln")))
                return folder;
        }

        throw new InvalidOperationException("not inside the repository");
    }
}
