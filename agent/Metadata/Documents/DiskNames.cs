using Appliance.Protocol.Documents;

namespace Appliance.Agent.Metadata.Documents;

/// <summary>
/// EC2's <c>block-device-mapping</c>: what the guest probably calls its disks. Behaviour: nova/block_device.py, <c>instance_block_mapping</c>;
/// names: nova/virt/libvirt/blockinfo.py, <c>get_dev_prefix_for_disk_bus</c>.
/// </summary>
internal static class DiskNames
{
    public static IEnumerable<(string Role, string Device)> List(ServerDocument server)
    {
        string? bus = null;
        server.Image?.Properties.TryGetValue("hw_disk_bus", out bus);
        string prefix = bus switch
        {
            null or "virtio" => "vd",
            "ide" => "hd",
            "fdc" => "fd",
            _ => "sd",
        };
        char letter = 'a';
        yield return ("ami", $"{prefix}{letter}");
        yield return ("root", $"/dev/{prefix}{letter}");
        if (server.EphemeralDiskGiB > 0)
            yield return ("ephemeral0", $"/dev/{prefix}{++letter}");
        if (server.SwapMiB > 0)
            yield return ("swap", $"/dev/{prefix}{++letter}");
    }
}
