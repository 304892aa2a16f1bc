using Appliance.Agent.Faults;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Compute;

/// <summary>Opens ports' TAP devices in this process's network namespace.</summary>
internal static class PortTaps
{
    public static Outcome<Fd> Open(string name)
    {
        var errno = TapQueue.TryOpen(name, out var queue);
        return errno == Errno.None
            ? queue!
            : new Fault("The network device of one of the server's ports is not ready on this node.", FaultKind.Waiting, $"open TAP {name}: {errno}");
    }
}
