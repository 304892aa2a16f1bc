namespace Appliance.Protocol.Link;

/// <summary>What a node is and can do, truthfully: what it cannot do is listed with the reason.</summary>
/// <param name="TunnelAddress">Underlay address for VXLAN.</param>
/// <param name="PhysicalNetworks">Provider labels this node can attach flat networks to.</param>
public sealed record NodeReport(
    string HostName, string AgentVersion, string KernelVersion, string TunnelAddress, IReadOnlyList<string> PhysicalNetworks,
    CpuReport Cpu, int MemoryMiB, int ReservedMemoryMiB, int DiskGiB, string FileSystem, bool HasReflink,
    IReadOnlyList<DriverReport> Drivers);

/// <param name="Architecture">As <c>uname -m</c>: <c>x86_64</c>.</param>
public sealed record CpuReport(int Count, int Sockets, int CoresPerSocket, int ThreadsPerCore, string Architecture, string Vendor, string Model,
    IReadOnlyList<string> Features);

/// <param name="Reason">Why it cannot be used here, or only slowly, and what would help; null when all is well.</param>
/// <param name="Version">Of the hypervisor behind it.</param>
/// <param name="Accelerator"><c>kvm</c>, <c>tcg</c> or <c>none</c>.</param>
public sealed record DriverReport(string Name, bool IsUsable, string? Reason, string? Version, string Accelerator);
