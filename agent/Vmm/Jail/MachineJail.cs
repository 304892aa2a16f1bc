using Appliance.Linux.Libc;

namespace Appliance.Vmm.Jail;

/// <summary>The last step into the jail, which only the process itself can take: from here on it makes no system call that a machine does not need.</summary>
internal static class MachineJail
{
    /// <summary>All threads, those to come included. Once everything is open and made, before the first instruction of the guest.</summary>
    public static void Enter()
    {
        Confinement.ForbidNewPrivileges();
        Seccomp.FilterAllThreads(MachineFilter.Make(Environment.ProcessId));
    }
}
