using Appliance.Protocol.Documents;

namespace Appliance.Agent.Compute.Kvm;

/// <summary>
/// What images can ask for that the machine monitor does not have (image properties: Glance, "Useful image properties"). Its machine has a
/// serial console, virtio devices on PCI, and BIOS.
/// </summary>
internal static class KvmRequirements
{
    private static readonly (string Property, string Supported, string What)[] Devices =
    [
        ("hw_machine_type", "microvm", "machine type"), ("hw_firmware_type", "bios", "firmware"), ("hw_disk_bus", "virtio", "disk bus"),
        ("hw_vif_model", "virtio", "network card"), ("hw_video_model", "none", "graphics"), ("hw_architecture", "x86_64", "architecture"),
        ("hw_tpm_version", "", "TPM"), ("os_secure_boot", "disabled", "secure boot"), ("hw_input_bus", "virtio", "input devices on bus"),
    ];

    /// <summary>Why a server cannot run in it; null when it can.</summary>
    public static string? FindObstacle(ServerDocument server)
    {
        if (server.Image?.Properties is not { } properties)
            return null;
        foreach (var (property, supported, what) in Devices)
        {
            if (properties.TryGetValue(property, out var wanted) && wanted.Length > 0 && !wanted.Equals(supported, StringComparison.OrdinalIgnoreCase))
                return $"its image asks for {what} {wanted} ({property})";
        }

        // Windows has no virtio drivers of its own: an image that brings them says so by its disk bus.
        return properties.TryGetValue("os_type", out var type) && type.Equals("windows", StringComparison.OrdinalIgnoreCase) && !properties.ContainsKey("hw_disk_bus")
            ? "its image is of Windows (os_type) and does not say that it has virtio drivers (hw_disk_bus=virtio)"
            : null;
    }
}
