namespace Appliance.Agent.Compute;

/// <summary>The drivers this agent has, as documents and reports name them.</summary>
internal static class DriverNames
{
    public const string Kvm = "kvm";
    public const string Qemu = "qemu";
    public const string Simulated = "simulated";
}
