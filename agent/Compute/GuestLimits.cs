using Appliance.Protocol.Documents;

namespace Appliance.Agent.Compute;

/// <summary>What a guest's process may use, as settings of a control group in both generations.</summary>
/// <param name="Settings">File and value; those of the other generation are not there.</param>
internal sealed record GuestLimits(IReadOnlyList<(string File, string Value)> Settings)
{
    // The monitor's own memory, page tables and what the kernel keeps for it.
    private const long OverheadMiB = 96;

    // Threads besides the processors': control, devices, the runtime, the kernel's workers of io_uring.
    private const int ThreadsBesides = 96;

    private const int WeightOfProcessor = 100, MaxWeight = 10_000;
    private const int SharesOfProcessor = 1024, MaxShares = 262_144;
    private const int DefaultPeriod = 100_000;

    /// <summary>Time in proportion to processors, unless the flavor has <c>quota:cpu_shares</c>, <c>quota:cpu_quota</c> and <c>quota:cpu_period</c> (Nova, "Extra specs").</summary>
    public static GuestLimits Of(ServerDocument server)
    {
        long memory = (server.MemoryMiB + OverheadMiB) << 20;
        int threads = server.Vcpus + ThreadsBesides;
        int shares = NumberOf(server, "quota:cpu_shares") ?? Math.Min(server.Vcpus * SharesOfProcessor, MaxShares);
        int weight = NumberOf(server, "quota:cpu_shares") is { } asked
            ? Math.Clamp(asked * WeightOfProcessor / SharesOfProcessor, 1, MaxWeight)
            : Math.Min(server.Vcpus * WeightOfProcessor, MaxWeight);
        List<(string, string)> settings =
        [
            ("memory.max", Text(memory)), ("memory.limit_in_bytes", Text(memory)), ("pids.max", Text(threads)),
            ("cpu.weight", Text(weight)), ("cpu.shares", Text(shares)),
        ];
        if (NumberOf(server, "quota:cpu_quota") is { } quota)
        {
            int period = NumberOf(server, "quota:cpu_period") ?? DefaultPeriod;
            settings.AddRange([("cpu.max", $"{Text(quota)} {Text(period)}"), ("cpu.cfs_period_us", Text(period)), ("cpu.cfs_quota_us", Text(quota))]);
        }

        return new(settings);
    }

    private static int? NumberOf(ServerDocument server, string extraSpec) =>
        server.ExtraSpecs.TryGetValue(extraSpec, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : null;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
