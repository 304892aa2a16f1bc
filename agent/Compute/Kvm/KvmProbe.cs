using Appliance.Agent.Jail;
using Appliance.Linux.Libc;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Compute.Kvm;

/// <summary>Finds out whether machines can run here: the processor, the device, the monitor's own check in its jail.</summary>
internal static class KvmProbe
{
    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(10);

    public static async Task<DriverReport> ReportAsync(KvmOptions options, JailOptions jail, CancellationToken ct)
    {
        if (!File.Exists(options.VmmPath))
            return Unusable("appliance-vmm is not beside the agent; install both.");
        if (!options.AcceptsEmulation && KvmDevice.FindObstacle() is { } obstacle)
            return Unusable($"No hardware virtualization: {obstacle}");
        if (Files.TryOpen(KvmDevice.DevicePath, Files.O_RDWR, 0, out var device) is var errno && errno != Errno.None)
            return Unusable($"/dev/kvm cannot be opened ({errno}); run the agent as root, or in the group kvm.");

        using (device)
        {
            var rules = new JailRules(Environment.IsPrivilegedProcess ? jail.ToolUserId : null, null, DiesWithAgent: true, null, 1 << 20, ProbeTime);
            var kvm = string.Create(CultureInfo.InvariantCulture, $"fd:{Spawn.NumberOf(0)}");
            var check = await JailedTool.RunAsync(jail, rules, [options.VmmPath, "check", "--kvm", kvm], [device], ct);
            if (!check.End.Succeeded)
                return Unusable($"appliance-vmm does not run here ({check.End}): {check.Error.Trim()}");
            var version = await JailedTool.RunAsync(jail, rules, [options.VmmPath, "--version"], [], ct);
            var text = version.Output.Trim();
            return new DriverReport(DriverNames.Kvm, IsUsable: true, null, text[(text.LastIndexOf(' ') + 1)..], "kvm");
        }
    }

    private static DriverReport Unusable(string reason) => new(DriverNames.Kvm, IsUsable: false, reason, null, "none");
}
