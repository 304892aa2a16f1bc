using Appliance.Agent.Node.Capabilities;

namespace Appliance.Agent.Tests.Node;

public sealed class NodeProbeTests
{
    private const string TwoSocketsWithTwoCoresOfTwoThreads = """
        processor	: 0
        vendor_id	: GenuineIntel
        model name	: Xeon
        physical id	: 0
        core id		: 0
        flags		: fpu vmx sse2
        """;

    [Fact]
    public void The_topology_is_counted_from_the_processors()
    {
        var processors = from socket in Enumerable.Range(0, 2)
                         from core in Enumerable.Range(0, 2)
                         from thread in Enumerable.Range(0, 2)
                         select TwoSocketsWithTwoCoresOfTwoThreads
                             .Replace("physical id\t: 0", $"physical id\t: {socket}", StringComparison.Ordinal)
                             .Replace("core id\t\t: 0", $"core id\t\t: {core}", StringComparison.Ordinal);
        var cpu = CpuInfo.Parse(string.Join("\n\n", processors), "x86_64", null);
        Assert.Equal((8, 2, 2, 2), (cpu.Count, cpu.Sockets, cpu.CoresPerSocket, cpu.ThreadsPerCore));
        Assert.Equal(("GenuineIntel", "Xeon"), (cpu.Vendor, cpu.Model));
        Assert.Equal(["fpu", "vmx", "sse2"], cpu.Features);
    }

    [Fact]
    public void A_machine_that_tells_no_topology_has_one_thread_a_core()
    {
        var cpu = CpuInfo.Parse("processor : 0\nFeatures : fp asimd\n\nprocessor : 1\n\n", "aarch64", null);
        Assert.Equal((2, 1, 2, 1), (cpu.Count, cpu.Sockets, cpu.CoresPerSocket, cpu.ThreadsPerCore));
    }

    [Fact]
    public void This_machine_is_measured_and_a_simulated_node_says_what_it_was_told()
    {
        var facts = new NodeFacts("n", Path.GetTempPath(), "127.0.0.1", ["public"], null, null, null, false, static () => []);
        var report = NodeProbe.Measure(facts);
        Assert.True(report.Cpu.Count > 0);
        Assert.True(report.MemoryMiB > report.ReservedMemoryMiB && report.DiskGiB > 0 && report.FileSystem.Length > 0);

        var simulated = NodeProbe.Measure(facts with { Cpus = 64, MemoryMiB = 262144, DiskGiB = 2000 });
        Assert.Equal((64, 262144, 0, 2000), (simulated.Cpu.Count, simulated.MemoryMiB, simulated.ReservedMemoryMiB, simulated.DiskGiB));
    }
}
