using System.Reflection;
using System.Runtime.InteropServices;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Node.Capabilities;

/// <summary>What is fixed about a node, from its options and its drivers.</summary>
/// <param name="DataFolder">Its file system is the node's disk.</param>
/// <param name="Cpus">Instead of the machine's; null: the machine's. Likewise the others.</param>
/// <param name="HasReflink">Whether files there can be cloned.</param>
internal sealed record NodeFacts(
    string HostName, string DataFolder, string TunnelAddress, IReadOnlyList<string> PhysicalNetworks, int? Cpus, int? MemoryMiB, int? DiskGiB,
    bool HasReflink, Func<IReadOnlyList<DriverReport>> Drivers);

/// <summary>Measures what this machine has to give, from /proc and the file system of the data folder.</summary>
internal static class NodeProbe
{
    // What the host itself and the agent need; Nova's reserved_host_memory_mb has the same default.
    private const int ReservedMemoryMiB = 512;
    private const long GiB = 1024L * 1024 * 1024;

    public static NodeReport Measure(NodeFacts facts)
    {
        var disk = new DriveInfo(facts.DataFolder);
        var memory = facts.MemoryMiB ?? ReadTotalMemoryMiB(File.ReadAllText("/proc/meminfo"));
        return new NodeReport(
            facts.HostName, AgentVersion, File.ReadAllText("/proc/sys/kernel/osrelease").Trim(), facts.TunnelAddress, facts.PhysicalNetworks,
            CpuInfo.Parse(File.ReadAllText("/proc/cpuinfo"), Architecture, facts.Cpus),
            memory, facts.MemoryMiB is null ? Math.Min(ReservedMemoryMiB, memory / 2) : 0,
            facts.DiskGiB ?? (int)(disk.TotalSize / GiB), disk.DriveFormat, facts.HasReflink, facts.Drivers());
    }

    /// <summary>MemTotal of /proc/meminfo, proc(5).</summary>
    public static int ReadTotalMemoryMiB(string text)
    {
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith("MemTotal:", StringComparison.Ordinal)
                && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kibibytes, "kB"]
                && long.TryParse(kibibytes, NumberStyles.None, CultureInfo.InvariantCulture, out var size))
                return (int)(size / 1024);
        }

        throw new InvalidDataException("/proc/meminfo has no MemTotal");
    }

    private static string AgentVersion =>
        typeof(NodeProbe).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    // As uname -m spells them.
    private static string Architecture => RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "x86_64",
        System.Runtime.InteropServices.Architecture.Arm64 => "aarch64",
        var other => other.ToString().ToLowerInvariant(),
    };
}
