using Appliance.Protocol.Documents;

namespace Appliance.Controller.Compute.Servers;

/// <summary>What a node's word about a server changes.</summary>
/// <param name="Event">Name of the step that ended with it; null when the state changed by itself.</param>
/// <param name="Error">How the step failed; null: it succeeded.</param>
/// <param name="ShouldStop">The guest went down by itself: from now on the server should be stopped.</param>
internal sealed record StatusOutcome(Server Server, string? Event, string? Error, bool ShouldStop);

/// <summary>The state machine of servers as their nodes drive it.</summary>
internal static class ServerStatusRules
{
    /// <summary>Null: nothing changes.</summary>
    /// <param name="generation">That the status speaks of.</param>
    /// <param name="state"><see cref="ServerStates"/>.</param>
    public static StatusOutcome? Apply(
        Server server, long generation, string state, string? fault, ServerStatusDetails? details, DateTimeOffset now)
    {
        // What the node says of an older document is history; so is everything about a server on its way out.
        if (generation < server.DocumentGeneration || server.TaskState == TaskStates.Deleting)
            return null;

        var power = details is null ? server.PowerState : PowerCodes.Of(details.PowerState);
        return state switch
        {
            ServerStates.Converged => Converged(server, power, now),
            ServerStates.StoppedByGuest => StoppedByGuest(server, power, now),
            ServerStates.Error => Failed(server, power, fault ?? "The node could not say why.", now),
            _ => PowerOnly(server, power, now),
        };
    }

    private static StatusOutcome? Converged(Server server, int power, DateTimeOffset now)
    {
        var isRunning = power is PowerCodes.Running or PowerCodes.Paused;
        var settled = server with { PowerState = power, TaskState = null, UpdatedAt = now };
        return (server.VmState, server.TaskState) switch
        {
            (VmStates.Building, _) => new(
                settled with { VmState = isRunning ? VmStates.Active : VmStates.Stopped, LaunchedAt = now, Fault = null },
                "compute__do_build_and_run_instance", null, false),
            (_, TaskStates.PoweringOff) when !isRunning => new(settled with { VmState = VmStates.Stopped }, "compute_stop_instance", null, false),
            (_, TaskStates.PoweringOn) when isRunning => new(settled with { VmState = VmStates.Active }, "compute_start_instance", null, false),
            (_, TaskStates.Rebooting or TaskStates.RebootingHard) when isRunning =>
                new(settled with { VmState = VmStates.Active, Fault = null }, "compute_reboot_instance", null, false),
            _ => PowerOnly(server, power, now),
        };
    }

    private static StatusOutcome? StoppedByGuest(Server server, int power, DateTimeOffset now)
    {
        if (server.VmState == VmStates.Stopped && server.TaskState is null)
            return PowerOnly(server, power, now);
        var settled = server with
        {
            VmState = VmStates.Stopped,
            TaskState = null,
            PowerState = power,
            UpdatedAt = now,
            LaunchedAt = server.LaunchedAt ?? now,
        };
        var ended = server switch
        {
            { VmState: VmStates.Building } => "compute__do_build_and_run_instance",
            { TaskState: TaskStates.PoweringOff } => "compute_stop_instance",
            { TaskState: TaskStates.PoweringOn } => "compute_start_instance",
            { TaskState: TaskStates.Rebooting or TaskStates.RebootingHard } => "compute_reboot_instance",
            _ => null,
        };
        return new(settled, ended, null, ShouldStop: true);
    }

    private static StatusOutcome? Failed(Server server, int power, string fault, DateTimeOffset now)
    {
        if (server.VmState == VmStates.Error && server.TaskState is null)
            return PowerOnly(server, power, now);

        var noted = server with { PowerState = power, UpdatedAt = now, Fault = new ServerFault(500, fault, $"{server.NodeName}: {fault}", now) };
        // Building goes to ERROR in its workflow, which takes everything back first.
        if (server.VmState == VmStates.Building)
            return server.Fault is null ? new(noted, null, null, false) : null;

        var ended = server.TaskState switch
        {
            TaskStates.PoweringOff => "compute_stop_instance",
            TaskStates.PoweringOn => "compute_start_instance",
            TaskStates.Rebooting or TaskStates.RebootingHard => "compute_reboot_instance",
            _ => null,
        };
        return new(noted with { VmState = VmStates.Error, TaskState = null }, ended, fault, false);
    }

    private static StatusOutcome? PowerOnly(Server server, int power, DateTimeOffset now) =>
        power == server.PowerState || server.VmState == VmStates.Building
            ? null : new(server with { PowerState = power, UpdatedAt = now }, null, null, false);
}
