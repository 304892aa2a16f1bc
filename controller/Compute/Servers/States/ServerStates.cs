namespace Appliance.Controller.Compute.Servers;

/// <summary>The stable states of a server (nova/compute/vm_states.py).</summary>
internal static class VmStates
{
    public const string Active = "active";
    public const string Building = "building";
    public const string Stopped = "stopped";
    public const string Error = "error";
    public const string Deleted = "deleted";
}

/// <summary>What is being done to a server (nova/compute/task_states.py).</summary>
internal static class TaskStates
{
    public const string Spawning = "spawning";
    public const string PoweringOff = "powering-off";
    public const string PoweringOn = "powering-on";
    public const string Rebooting = "rebooting";
    public const string RebootingHard = "rebooting_hard";
    public const string Deleting = "deleting";
}

/// <summary>Numbers of <c>OS-EXT-STS:power_state</c> (nova/compute/power_state.py).</summary>
internal static class PowerCodes
{
    public const int NoState = 0;
    public const int Running = 1;
    public const int Paused = 3;
    public const int Shutdown = 4;
    public const int Crashed = 6;

    public static int Of(string powerState) => powerState switch
    {
        Protocol.Documents.PowerStates.Running => Running,
        Protocol.Documents.PowerStates.Paused => Paused,
        Protocol.Documents.PowerStates.Stopped => Shutdown,
        Protocol.Documents.PowerStates.Crashed => Crashed,
        _ => NoState,
    };
}

/// <summary>The <c>status</c> of the API, and the states behind each (nova/api/openstack/common.py, _STATE_MAP).</summary>
internal static class ServerStatusNames
{
    // The states that servers here can be in; a filter for another status of the API matches nothing.
    private static readonly (string VmState, string? TaskState, string Status)[] Map =
    [
        (VmStates.Active, TaskStates.Rebooting, "REBOOT"),
        (VmStates.Active, TaskStates.RebootingHard, "HARD_REBOOT"),
        (VmStates.Active, null, "ACTIVE"),
        (VmStates.Building, null, "BUILD"),
        (VmStates.Stopped, null, "SHUTOFF"),
        (VmStates.Error, null, "ERROR"),
        (VmStates.Deleted, null, "DELETED"),
    ];

    // Statuses that Nova has and no server here can reach: known words, so a filter for them is valid and finds nothing.
    private static readonly string[] Unreachable =
    [
        "PASSWORD", "REBUILD", "MIGRATING", "RESIZE", "VERIFY_RESIZE", "REVERT_RESIZE", "PAUSED", "SUSPENDED", "RESCUE", "SOFT_DELETED",
        "SHELVED", "SHELVED_OFFLOADED",
    ];

    public static string Of(Server server)
    {
        if (server.DeletedAt is not null)
            return "DELETED";
        foreach (var (vmState, taskState, status) in Map)
        {
            if (vmState == server.VmState && (taskState is null || taskState == server.TaskState))
                return status;
        }

        return "UNKNOWN";
    }

    public static bool IsKnown(string status) => Map.Any(entry => Same(entry.Status, status)) || Unreachable.Any(name => Same(name, status));

    /// <summary>The states a status filter means: Nova filters by the state, and by the task only where the status names one.</summary>
    public static IEnumerable<(string VmState, string? TaskState)> StatesOf(string status) =>
        Map.Where(entry => Same(entry.Status, status)).Select(static entry => (entry.VmState, entry.TaskState));

    private static bool Same(string left, string right) => left.Equals(right, StringComparison.OrdinalIgnoreCase);
}
