using Appliance.Linux.Libc;

namespace Appliance.Agent.Compute;

/// <summary>Access to <c>/dev/kvm</c> for guests' processes, which run as users that own nothing.</summary>
internal static class KvmDevice
{
    public const string DevicePath = "/dev/kvm";

    // Outside the range that distributions give to groups.
    private const int GroupId = 199_998;

    /// <summary>Why guests cannot use KVM here; null when they can.</summary>
    public static string? FindObstacle()
    {
        // The device alone proves nothing: some hosts offer one that only runs toy guests. Real guests need the processor's extension.
        var flags = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "";
        if (!flags.Split(' ').Any(flag => flag is "vmx" or "svm"))
            return "the processor offers no hardware virtualization (vmx or svm); enable it in the firmware, or nested virtualization in the hypervisor below.";
        if (!File.Exists(DevicePath))
            return "there is no /dev/kvm; load the kernel module kvm_intel or kvm_amd.";

        var errno = Files.TryOpen(DevicePath, Files.O_RDWR, 0, out var device);
        device.Dispose();
        return errno == Errno.None ? null : $"/dev/kvm cannot be opened ({errno}); run the agent as root, or in the group kvm.";
    }

    /// <summary>The group a process needs to open the device; on a node without udev the device is given one.</summary>
    public static int OpenToGroup()
    {
        var mode = File.GetUnixFileMode(DevicePath);
        var group = Ownership.GroupOf(DevicePath);
        if (group != 0 && mode.HasFlag(UnixFileMode.GroupRead | UnixFileMode.GroupWrite))
            return group;

        Ownership.GiveToGroup(DevicePath, GroupId);
        File.SetUnixFileMode(DevicePath, mode | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
        return GroupId;
    }
}
