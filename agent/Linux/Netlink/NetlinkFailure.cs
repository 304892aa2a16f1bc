using Appliance.Linux.Libc;

namespace Appliance.Linux.Netlink;

/// <summary>One message that the kernel refused.</summary>
/// <param name="Index">Its place in the batch.</param>
/// <param name="Text">The kernel's own words (extended acknowledgement); empty when it gave none.</param>
internal sealed record NetlinkFailure(int Index, string Operation, Errno Errno, string Text)
{
    public override string ToString() => LinuxException.Describe(Operation, Errno, Text);

    public LinuxException ToException() => new(Operation, Errno, Text);
}
