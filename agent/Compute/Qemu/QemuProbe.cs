using System.Text.RegularExpressions;
using Appliance.Agent.Jail;
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

        var obstacle = KvmDevice.FindObstacle();
        return new DriverReport(
            DriverNames.Qemu, IsUsable: true, obstacle is null ? null : $"Guests run in emulation, many times slower: {obstacle}",
            match.Groups[1].Value, obstacle is null ? Kvm : Tcg);
    }

    private static DriverReport Unusable(string reason) => new(DriverNames.Qemu, IsUsable: false, reason, null, "none");

    [GeneratedRegex(@"version (\d+\.\d+\.\d+)")]
    private static partial Regex Version();
}
