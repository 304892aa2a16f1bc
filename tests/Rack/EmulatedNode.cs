using System.Diagnostics;

namespace Appliance.RackTests;

/// <summary>A machine with AMD's virtualization, emulated by QEMU, whose kernel has a real kvm-amd. It runs one script and switches itself off.</summary>
internal static class EmulatedNode
{
    // The node's kernel writes a beat every two seconds. Whatever a program or a guest does, a kernel goes on with that: one that has not for
    // so long is not slow but stands still, which is the emulator's doing.
    private static readonly TimeSpan StandsStillAfter = TimeSpan.FromSeconds(100);

    /// <summary>
    /// Runs a test in a node of its own; everything its console said. An emulation that stood still is a warning, with the state of its processors,
    /// and runs once more.
    /// </summary>
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
            if (await BootAsync(image.Kernel, initrd, disks, folder, timeout, ct) is { } said)
                return said;
            return await BootAsync(image.Kernel, initrd, disks, folder, timeout, ct) ?? throw new InvalidOperationException("the emulated node stood still twice");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <returns>What the console said; null when the emulation stood still.</returns>
    private static async Task<string?> BootAsync(
        string kernel, string initrd, IReadOnlyList<string> disks, string folder, TimeSpan timeout, CancellationToken ct)
    {
        string console = Path.Combine(folder, "console"), beats = Path.Combine(folder, "beats"), monitor = Path.Combine(folder, "monitor");
        // -cpu max: TCG emulates SVM. One thread per processor; the tests' machine has two cores.
        string[] arguments =
        [
            "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", "1024", "-nodefaults", "-display", "none", "-no-reboot",
            "-serial", $"file:{console}", "-serial", $"file:{beats}", "-monitor", $"unix:{monitor},server=on,wait=off",
            "-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1", "-snapshot",
            .. disks.SelectMany(static (disk, i) => new[]
            {
                "-drive", $"file={disk},format=raw,if=none,id=disk{i}", "-device", $"nvme,serial=disk{i},drive=disk{i}",
            }),
        ];
        using var qemu = Process.Start(new ProcessStartInfo("qemu-system-x86_64", arguments) { RedirectStandardError = true })!;
        try
        {
            var clock = Stopwatch.StartNew();
            while (!await EndsAsync(qemu, ct))
            {
                bool standsStill = File.Exists(beats) && DateTime.UtcNow - File.GetLastWriteTimeUtc(beats) > StandsStillAfter && new FileInfo(beats).Length > 0;
                if (!standsStill && clock.Elapsed < timeout)
                    continue;
                string processors = await NodeMonitor.DescribeProcessorsAsync(monitor, ct);
                string report = $"{await File.ReadAllTextAsync(console, ct)}\n{await File.ReadAllTextAsync(beats, ct)}\n{processors}";
                Assert.True(standsStill, $"the node did not end within {timeout}:\n{report}");
                TestContext.Current.AddWarning($"the emulation stood still after {clock.Elapsed}:\n{report}");
                return null;
            }
        }
        finally
        {
            if (!qemu.HasExited)
                qemu.Kill();
            await qemu.WaitForExitAsync(CancellationToken.None);
        }

        string said = await File.ReadAllTextAsync(console, ct);
        Assert.True(said.Contains("NODE-END", StringComparison.Ordinal), $"{await qemu.StandardError.ReadToEndAsync(ct)}\n{said}");
        return said.Replace("\r", "", StringComparison.Ordinal);
    }

    /// <summary>Whether it ends within a few seconds.</summary>
    private static async Task<bool> EndsAsync(Process process, CancellationToken ct)
    {
        using var interval = CancellationTokenSource.CreateLinkedTokenSource(ct);
        interval.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            await process.WaitForExitAsync(interval.Token);
            return true;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }
}
