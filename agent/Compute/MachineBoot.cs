namespace Appliance.Agent.Compute;

/// <summary>Tells one boot of this machine from the next.</summary>
internal static class MachineBoot
{
    /// <summary>The kernel's random id of this boot, proc(5).</summary>
    public static string Id { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
}
