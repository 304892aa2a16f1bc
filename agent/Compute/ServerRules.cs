using Appliance.Protocol.Documents;

namespace Appliance.Agent.Compute;

/// <summary>What to do about one server, from its document and its state alone: no clock, no process, no disk.</summary>
internal static class ServerRules
{
    /// <summary>
    /// What to think of a guest whose process is gone and which the agent did not see end. After a reboot of this machine it was not the
    /// guest's doing; within one boot a guest that switches itself off leaves its process waiting, so a missing process has died.
    /// </summary>
    public static GuestPhase AfterLoss(GuestPhase phase, bool sameBoot) => phase switch
    {
        GuestPhase.Starting or GuestPhase.Stopping => GuestPhase.Off,
        GuestPhase.Running => sameBoot ? GuestPhase.Crashed : GuestPhase.Off,
        _ => phase,
    };

    /// <summary>What to think of a guest that the agent saw end.</summary>
    public static GuestPhase AfterEnd(GuestPhase phase, GuestEnd end) => phase switch
    {
        GuestPhase.Stopping => GuestPhase.Off,
        _ when end == GuestEnd.Crashed => GuestPhase.Crashed,
        _ when end == GuestEnd.PoweredOff => GuestPhase.EndedByGuest,
        _ => GuestPhase.Off,
    };

    /// <summary>Operations of the document that are not done yet, oldest first.</summary>
    public static IReadOnlyList<OperationDocument> Pending(ServerDocument document, ServerState state) =>
        [.. document.Operations.Where(operation => !state.CompletedOperations.Contains(operation.Id))];

    /// <summary>
    /// The one step that leads towards the document. Nova treats a guest that ended by itself as stopped
    /// (nova/compute/manager.py, _sync_instance_power_state), so it stays down until the document says stopped or a reboot is asked for.
    /// </summary>
    public static ServerStep Next(ServerDocument document, ServerState state, bool guestRuns)
    {
        var pending = Pending(document, state);
        if (document.PowerState != PowerStates.Running)
        {
            return guestRuns ? ServerStep.Stop
                : pending.Count > 0 || state.Phase != GuestPhase.Off ? ServerStep.Settle
                : ServerStep.None;
        }

        if (guestRuns)
        {
            return pending.Count == 0 ? ServerStep.None
                : pending.All(operation => operation.Kind == OperationKinds.RebootSoft) ? ServerStep.Stop
                : ServerStep.Kill;
        }

        return state.Phase is GuestPhase.EndedByGuest or GuestPhase.Crashed && pending.Count == 0 ? ServerStep.None : ServerStep.Start;
    }

    /// <summary>How long the guest may take to power off.</summary>
    public static TimeSpan PowerOffTimeout(ServerDocument document, TimeSpan byDefault) =>
        document.Image is { } image && image.Properties.TryGetValue("os_shutdown_timeout", out var text)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(Math.Min(seconds, 3600))
            : byDefault;
}

/// <summary>One step towards a document.</summary>
internal enum ServerStep
{
    /// <summary>There is nothing to do.</summary>
    None,
    /// <summary>Build what is missing and start the guest; pending operations are done by it.</summary>
    Start,
    /// <summary>Ask the guest to power off, force it after a while.</summary>
    Stop,
    /// <summary>End the guest at once.</summary>
    Kill,
    /// <summary>Only the state is behind: it is stopped as it should be, and a reboot of a stopped server is nothing.</summary>
    Settle,
}
