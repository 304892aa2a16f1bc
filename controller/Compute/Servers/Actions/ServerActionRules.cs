using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Servers.Actions;

/// <summary>Which action a server's state allows, in Nova's words (nova/compute/api.py, check_instance_state).</summary>
internal static class ServerActionRules
{
    public static Fault? CheckStart(Server server) => Check(server, "start", [VmStates.Stopped], needsIdle: true);

    public static Fault? CheckStop(Server server) => Check(server, "stop", [VmStates.Active, VmStates.Error], needsIdle: true);

    public static Fault? CheckReboot(Server server, bool isHard) => isHard
        ? Check(server, "reboot", [VmStates.Active, VmStates.Stopped, VmStates.Error],
            needsIdle: server.TaskState is not (TaskStates.Rebooting or TaskStates.RebootingHard))
        : Check(server, "reboot", [VmStates.Active], needsIdle: true);

    public static Fault? CheckConsole(Server server) => server.VmState == VmStates.Building || server.NodeId is null
        ? ComputeFaults.Conflict($"Instance {server.Id} is not ready")
        : null;

    public static Fault? CheckInterfaces(Server server, string action) =>
        Check(server, action, [VmStates.Active, VmStates.Stopped], needsIdle: true);

    /// <summary>A locked server changes for administrators only.</summary>
    public static Fault? CheckLock(Server server, Caller caller) => server.IsLocked && !caller.IsAdmin
        ? ComputeFaults.Conflict($"Instance {server.Id} is locked")
        : null;

    private static Fault? Check(Server server, string action, string[] vmStates, bool needsIdle)
    {
        if (!vmStates.Contains(server.VmState))
            return InState(server, action, "vm_state", server.VmState);
        if (needsIdle && server.TaskState is { } task)
            return InState(server, action, "task_state", task);
        return server.LaunchedAt is null
            ? new Fault(FaultKind.WrongState, $"Cannot '{action}' an instance which has never been active")
            : null;
    }

    private static Fault InState(Server server, string action, string attribute, string state) => new(FaultKind.WrongState,
        $"Cannot '{action}' instance {server.Id} while it is in {attribute} {state}");
}
