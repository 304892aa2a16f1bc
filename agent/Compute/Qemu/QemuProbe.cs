using System.Text.RegularExpressions;
using Appliance.Agent.Jail;
using Appliance.Linux.Libc;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Compute.Qemu;

/// <summary>Finds out what QEMU can do on this machine.</summary>
internal static partial class QemuProbe
{
    public const string Kvm = "kvm";
    public const string Tcg = "tcg";

    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(10);

    /// <summary>The driver's report: unusable without QEMU, slow without hardware virtualization, each with the reason.</summary>
    public static async Task<DriverReport> ReportAsync(QemuOptions options, JailOptions jail, CancellationToken ct)
    {
        if (!File.Exists(options.BinaryPath))
            return Unusable($"QEMU is not installed at {options.BinaryPath}; install the package qemu-system-x86.");

        var rules = new JailRules(Environment.IsPrivilegedProcess ? jail.ToolUserId : null, null, DiesWithAgent: true, null, 1 << 20, ProbeTime);
        var result = await JailedTool.RunAsync(jail, rules, [options.BinaryPath, "--version"], [], ct);
        if (!result.End.Succeeded || Version().Match(result.Output) is not { Success: true } match)
            return Unusable($"{options.BinaryPath} does not run ({result.End}); reinstall the package qemu-system-x86.");

        var obstacle = FindKvmObstacle();
        return new DriverReport(
            DriverNames.Qemu, IsUsable: true, obstacle is null ? null : $"Guests run in emulation, many times slower: {obstacle}",
            match.Groups[1].Value, obstacle is null ? Kvm : Tcg);
    }

    /// <summary>Why guests cannot use KVM here; null when they can.</summary>
    private static string? FindKvmObstacle()
    {
        // The device alone proves nothing: some hosts offer one that only runs toy guests. Real guests need the processor's extension.
        var flags = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "";
        if (!flags.Split(' ').Any(flag => flag is "vmx" or "svm"))
            return "the processor offers no hardware virtualization (vmx or svm); enable it in the firmware, or nested virtualization in the hypervisor below.";
        if (!File.Exists("/dev/kvm"))
            return "there is no /dev/kvm; load the kernel module kvm_intel or kvm_amd.";

        var errno = Files.TryOpen("/dev/kvm", Files.O_RDWR, 0, out var device);
        device.Dispose();
        return errno == Errno.None ? null : $"/dev/kvm cannot be opened ({errno}); run the agent as root, or in the group kvm.";
    }

    private static DriverReport Unusable(string reason) => new(DriverNames.Qemu, IsUsable: false, reason, null, "none");

    [GeneratedRegex(@"version (\d+\.\d+\.\d+)")]
    private static partial Regex Version();
}
