using Appliance.Linux.Libc;

namespace Appliance.Agent.Compute.Qemu;

/// <summary>Access to <c>/dev/kvm</c> for guests' processes, which run as users that own nothing.</summary>
internal static class KvmDevice
{
    private const string DevicePath = "/dev/kvm";

    // Outside the range that distributions give to groups.
    private const int GroupId = 199_998;

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
