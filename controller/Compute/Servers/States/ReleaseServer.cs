using Appliance.Controller.Data;
using Appliance.Controller.Work;

namespace Appliance.Controller.Compute.Servers;

/// <summary>
/// Gives back what a server holds, ports, addresses and resources, after its node reports that nothing of it is left: an address or a core
/// must not go to another server while the old guest may still run. A deleted server then leaves the lists.
/// <para>
/// With the node down a deleted server leaves the lists at once, as Nova's local delete has it; its ports and its claim stay until the node is
/// back and has removed it. They are what a partitioned node may still be using.
/// </para>
/// </summary>
internal sealed class ReleaseServer(ServerContext context)
{
    /// <summary>Of a server that somebody deletes.</summary>
    public const string DeletedKind = "server-delete";

    /// <summary>Of a server that could not be built, and stays in ERROR.</summary>
    public const string FailedKind = "server-release";

    public WorkflowDefinition Deleted => new WorkflowDefinition(DeletedKind).Do("await-gone", AwaitGoneAsync).Do("release", FinishDeleteAsync);
    public WorkflowDefinition Failed => new WorkflowDefinition(FailedKind).Do("await-gone", AwaitGoneAsync).Do("release", ReleaseAsync);

    private Task<StepResult> AwaitGoneAsync(Workflow workflow, CancellationToken ct) => context.Database.WriteAsync(async (tx, token) =>
    {
        if (await ServerStore.FindEverAsync(tx, workflow.ObjectId, token) is not { } server
            || !await ServerDocuments.IsOnNodeAsync(tx, server, token))
            return StepResult.Done;
        if (workflow.Kind == DeletedKind && server.DeletedAt is null && context.Hosts.Nodes.Find(server.NodeId!) is not { IsUp: true })
            await HideAsync(tx, server, token);
        return StepResult.Wait;
    }, ct);

    private Task<StepResult> FinishDeleteAsync(Workflow workflow, CancellationToken ct) => context.Database.WriteAsync(async (tx, token) =>
    {
        if (await ServerStore.FindEverAsync(tx, workflow.ObjectId, token) is not { } server)
            return StepResult.Done;
        await ReleaseAsync(tx, server, token);
        if (server.DeletedAt is null)
            await HideAsync(tx, server, token);
        return StepResult.Done;
    }, ct);

    private Task<StepResult> ReleaseAsync(Workflow workflow, CancellationToken ct) => context.Database.WriteAsync(async (tx, token) =>
    {
        if (await ServerStore.FindEverAsync(tx, workflow.ObjectId, token) is { } server)
            await ReleaseAsync(tx, server, token);
        return StepResult.Done;
    }, ct);

    /// <summary>In the caller's transaction; for servers that no node has anything of.</summary>
    public async Task ReleaseAsync(Session tx, Server server, CancellationToken ct)
    {
        await context.Networking.ReleasePortsAsync(tx, server.Id, ct);
        await context.Claims.ReleaseAsync(tx, server.Id, ct);
    }

    /// <summary>The server is gone for everybody but lists of deleted ones.</summary>
    public async Task HideAsync(Session tx, Server server, CancellationToken ct)
    {
        var now = context.Clock.GetUtcNow();
        var deleted = server with
        {
            VmState = VmStates.Deleted,
            TaskState = null,
            PowerState = PowerCodes.NoState,
            UpdatedAt = now,
            TerminatedAt = now,
            DeletedAt = now,
        };
        await ServerStore.UpdateAsync(tx, deleted, ct);
        await context.Events.EventAsync(tx, deleted, "compute_terminate_instance", null, ct);
    }
}
