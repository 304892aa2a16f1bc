using System.Diagnostics;

namespace Appliance.RackTests;

/// <summary>A machine with AMD's virtualization, emulated by QEMU, whose kernel has a real kvm-amd. It runs one script and switches itself off.</summary>
internal static class EmulatedNode
{
    /// <summary>Runs a test in a node of its own; everything its console said.</summary>
    /// <param name="script">For the node's shell; the program under test is /test/appliance-vmm, kernels and an initrd are in /guest.</param>
    /// <param name="guestScript">For the shell of guests that boot /test/initrd: the common initrd with this in it.</param>
    /// <param name="timeout">After that the node is ended, and the test fails with what was said so far.</param>
    public static Task<string> RunAsync(
        string script, string guestScript, TimeSpan timeout, CancellationToken ct, params (string Name, byte[] Content)[] files) =>
        RunWithDisksAsync(script, guestScript, [], timeout, ct, files);

    /// <param name="disks">Raw files, the node's /dev/nvme0n1, /dev/nvme1n1 …; what it writes there is lost at its end.</param>
    public static async Task<string> RunWithDisksAsync(
        string script, string guestScript, IReadOnlyList<string> disks, TimeSpan timeout, CancellationToken ct, params (string Name, byte[] Content)[] files)
    {
        var image = RackImage.Get();
        string folder = Directory.CreateTempSubdirectory("rack").FullName;
        try
        {
            var archive = new CpioArchive().AddFolder("test")
                .Add("test/appliance-vmm", await File.ReadAllBytesAsync(image.Vmm, ct))
                .Add("test/run", "cat /guest/initrd /test/guest.cpio >/tmp/initrd\n" + script)
                .Add("test/guest.cpio", new CpioArchive().AddFolder("test").Add("test/guest", guestScript).ToArray());
            foreach (var (name, content) in files)
                archive.Add($"test/{name}", content);
            string initrd = Path.Combine(folder, "initrd");
            await File.WriteAllBytesAsync(initrd, [.. await File.ReadAllBytesAsync(image.NodeArchive, ct), .. archive.ToArray()], ct);
            return await BootAsync(image.Kernel, initrd, disks, Path.Combine(folder, "console"), timeout, ct);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> BootAsync(
        string kernel, string initrd, IReadOnlyList<string> disks, string console, TimeSpan timeout, CancellationToken ct)
    {
        // -cpu max: TCG emulates SVM. One thread per processor; the tests' machine has two cores.
        string[] arguments =
        [
            "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", "1024", "-nodefaults", "-display", "none", "-no-reboot",
            "-serial", $"file:{console}", "-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1", "-snapshot",
            .. disks.SelectMany(static (disk, i) => new[]
            {
                "-drive", $"file={disk},format=raw,if=none,id=disk{i}", "-device", $"nvme,serial=disk{i},drive=disk{i}",
            }),
        ];
        using var qemu = Process.Start(new ProcessStartInfo("qemu-system-x86_64", arguments) { RedirectStandardError = true })!;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(timeout);
        try
        {
            await qemu.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            Assert.Fail($"the node did not end within {timeout}:\n{await File.ReadAllTextAsync(console, ct)}");
        }
        finally
        {
            if (!qemu.HasExited)
                qemu.Kill();
        }

        string said = await File.ReadAllTextAsync(console, ct);
        Assert.True(said.Contains("NODE-END", StringComparison.Ordinal), $"{await qemu.StandardError.ReadToEndAsync(ct)}\n{said}");
        return said.Replace("\r", "", StringComparison.Ordinal);
    }
}
