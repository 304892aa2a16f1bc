using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Compute.Servers.Actions;

/// <summary>
/// Changes of a server that its node carries out: the row gets a task, the document the new wish, and the node's status ends the task
/// (<see cref="ServerStatusRules"/>). Each is one transaction.
/// </summary>
internal sealed class ServerActions(ServerContext context)
{
    public Task<Fault?> StartAsync(Caller caller, Actor actor, string id, CancellationToken ct) => ChangeAsync(caller, actor, id, "start",
        ServerActionRules.CheckStart, TaskStates.PoweringOn, static boot => boot with { ShouldRun = true, Operations = [] }, ct);

    public Task<Fault?> StopAsync(Caller caller, Actor actor, string id, CancellationToken ct) => ChangeAsync(caller, actor, id, "stop",
        ServerActionRules.CheckStop, TaskStates.PoweringOff, static boot => boot with { ShouldRun = false, Operations = [] }, ct);

    public Task<Fault?> RebootAsync(Caller caller, Actor actor, string id, bool isHard, CancellationToken ct)
    {
        var operation = new OperationDocument(Guid.NewGuid().ToString(), isHard ? OperationKinds.RebootHard : OperationKinds.RebootSoft);
        return ChangeAsync(caller, actor, id, "reboot",
            server => ServerActionRules.CheckReboot(server, isHard), isHard ? TaskStates.RebootingHard : TaskStates.Rebooting,
            boot => boot with { ShouldRun = true, Operations = [operation] }, ct);
    }

    /// <summary>An administrator's word about the state of a server whose state was lost.</summary>
    public Task<Fault?> ResetStateAsync(Actor actor, string id, string vmState, CancellationToken ct) =>
        context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await ServerStore.FindAsync(tx, id, token) is not { } server)
                return ComputeFaults.NoInstance(id);
            var next = server with { VmState = vmState, TaskState = null, UpdatedAt = context.Clock.GetUtcNow() };
            await ServerStore.UpdateAsync(tx, next, token);
            await context.Events.ActionAsync(tx, actor, next, "resetState", token);
            return (Fault?)null;
        }, ct);

    public Task<Fault?> SetLockAsync(Caller caller, Actor actor, string id, bool isLocked, CancellationToken ct) =>
        context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await ServerStore.FindAsync(tx, caller, id, token) is not { } server)
                return ComputeFaults.NoInstance(id);
            var next = server with { IsLocked = isLocked, UpdatedAt = context.Clock.GetUtcNow() };
            await ServerStore.UpdateAsync(tx, next, token);
            await context.Events.ActionAsync(tx, actor, next, isLocked ? "lock" : "unlock", token);
            return (Fault?)null;
        }, ct);

    private Task<Fault?> ChangeAsync(
        Caller caller, Actor actor, string id, string action, Func<Server, Fault?> check, string task, Func<ServerBoot, ServerBoot> wish,
        CancellationToken ct) => context.Database.TryWriteAsync(async (tx, token) =>
    {
        if (await ServerStore.FindAsync(tx, caller, id, token) is not { } server)
            return ComputeFaults.NoInstance(id);
        if ((ServerActionRules.CheckLock(server, caller) ?? check(server)) is { } refused)
            return refused;

        var boot = wish(await ServerStore.GetBootAsync(tx, id, token));
        var next = server with { TaskState = task, TaskActor = actor, UpdatedAt = context.Clock.GetUtcNow() };
        var generation = await context.Documents.PutAsync(tx, next, boot, token);
        next = generation == server.DocumentGeneration ? Settled(next, boot) : next with { DocumentGeneration = generation };
        await ServerStore.UpdateBootAsync(tx, id, boot, token);
        await ServerStore.UpdateAsync(tx, next, token);
        await context.Events.ActionAsync(tx, actor, next, action, token);
        return (Fault?)null;
    }, ct);

    // The node was asked for exactly this before and will not answer again: the state is what was wished.
    private static Server Settled(Server server, ServerBoot boot) =>
        server with { TaskState = null, VmState = boot.ShouldRun ? VmStates.Active : VmStates.Stopped };
}
