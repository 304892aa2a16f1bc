using System.Diagnostics;

namespace Appliance.RackTests;

/// <summary>What nodes boot: built once from Debian packages and kept in <c>.cache/rack</c>; and the program under test.</summary>
internal sealed record RackImage(string Kernel, string NodeArchive, string Vmm)
{
    private static readonly Lazy<RackImage> Built = new(Build);

    public static RackImage Get() => Built.Value;

    private static RackImage Build()
    {
        string root = FindRoot();
        string vmm = Path.Combine(root, "out/appliance-vmm");
        Assert.True(File.Exists(vmm), "out/appliance-vmm is missing: run scripts/build vmm");
        string cache = Path.Combine(root, ".cache/rack");
        using var build = Process.Start(new ProcessStartInfo(Path.Combine(root, "tests/Rack/rig/build"), [cache]) { RedirectStandardError = true })!;
        string errors = build.StandardError.ReadToEnd();
        build.WaitForExit();
        Assert.True(build.ExitCode == 0, errors);
        return new RackImage(Path.Combine(cache, "vmlinuz"), Path.Combine(cache, "node.cpio"), vmm);
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
