namespace Appliance.Controller.Placement;

/// <summary>The resource classes every Placement knows (os-resource-classes); administrators add <c>CUSTOM_…</c> ones.</summary>
internal static class ResourceClasses
{
    public const string Vcpu = "VCPU";
    public const string MemoryMb = "MEMORY_MB";
    public const string DiskGb = "DISK_GB";
    public const string CustomPrefix = "CUSTOM_";

    /// <summary>In the order the real service lists them.</summary>
    public static readonly IReadOnlyList<string> Standard =
    [
        Vcpu, MemoryMb, DiskGb, "PCI_DEVICE", "SRIOV_NET_VF", "NUMA_SOCKET", "NUMA_CORE", "NUMA_THREAD", "NUMA_MEMORY_MB", "IPV4_ADDRESS",
        "VGPU", "VGPU_DISPLAY_HEAD", "NET_BW_EGR_KILOBIT_PER_SEC", "NET_BW_IGR_KILOBIT_PER_SEC", "PCPU", "MEM_ENCRYPTION_CONTEXT", "FPGA",
        "PGPU", "NET_PACKET_RATE_KILOPACKET_PER_SEC", "NET_PACKET_RATE_EGR_KILOPACKET_PER_SEC", "NET_PACKET_RATE_IGR_KILOPACKET_PER_SEC",
    ];

    /// <summary>Place in that list; administrators' own classes come after all.</summary>
    public static int OrderOf(string name)
    {
        for (var i = 0; i < Standard.Count; i++)
        {
            if (Standard[i] == name)
                return i;
        }

        return Standard.Count;
    }
}
