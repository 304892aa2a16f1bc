using System.Runtime.InteropServices;

namespace Appliance.Linux.Libc;

/// <summary>An owned file descriptor; closed once, when disposed. Always opened close-on-exec.</summary>
internal sealed class Fd() : SafeHandle(-1, ownsHandle: true)
{
    // libc returns a 32-bit int into a 64-bit handle: -1 can arrive as 0x00000000FFFFFFFF, so
    // SafeHandleMinusOneIsInvalid would call a failed open valid.
    public override bool IsInvalid => (int)handle < 0;

    /// <summary>The number, for use in /proc paths and in netlink attributes; valid while this object is not disposed.</summary>
    public int Number => (int)handle;

    /// <summary>Takes ownership of a descriptor that came from elsewhere (SCM_RIGHTS, systemd).</summary>
    public static Fd Own(int number)
    {
        var fd = new Fd();
        fd.SetHandle(number);
        return fd;
    }

    protected override bool ReleaseHandle() => Files.close((int)handle) == 0;
}
