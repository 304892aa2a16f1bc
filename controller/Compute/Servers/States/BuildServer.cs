using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Work;

namespace Appliance.Controller.Compute.Servers;

/// <summary>
/// From an accepted server to a running one. The document is on its way with the answer already (<see cref="Create.CreateServers"/>), so one
/// step remains: wait for the node's word. When that is a failure, the document is withdrawn, the server is in ERROR, and what it held is
/// given back once its node has nothing of it any more (<see cref="ReleaseServer"/>).
/// </summary>
internal sealed class BuildServer(ServerContext context)
{
    public const string Kind = "server-create";

    public WorkflowDefinition Definition => new WorkflowDefinition(Kind)
        .Do("await-node", AwaitNodeAsync, undo: WithdrawAsync)
        .Failed(RecordFailureAsync);

    private Task<StepResult> AwaitNodeAsync(Workflow workflow, CancellationToken ct) => context.Database.ReadAsync(async (tx, token) =>
        await ServerStore.FindAsync(tx, workflow.ObjectId, token) switch
        {
            // Deleted, or being deleted, meanwhile: nothing is left to wait for.
            null or { TaskState: TaskStates.Deleting } => StepResult.Done,
            { VmState: VmStates.Building, Fault: { } fault } => new Fault(FaultKind.Internal, fault.Message, fault.Details),
            { VmState: VmStates.Building } => StepResult.Wait,
            _ => StepResult.Done,
        }, ct);

    private Task WithdrawAsync(Workflow workflow, CancellationToken ct) => context.Database.WriteAsync(async (tx, token) =>
    {
        if (await ServerStore.FindAsync(tx, workflow.ObjectId, token) is { VmState: VmStates.Building, NodeId: not null } server)
            await context.Documents.RemoveAsync(tx, server, token);
    }, ct);

    private Task RecordFailureAsync(Workflow workflow, CancellationToken ct) => context.Database.WriteAsync(async (tx, token) =>
    {
        if (await ServerStore.FindAsync(tx, workflow.ObjectId, token) is not { VmState: VmStates.Building } server
            || server.TaskState == TaskStates.Deleting)
            return;

        var failed = server with { VmState = VmStates.Error, TaskState = null, UpdatedAt = context.Clock.GetUtcNow() };
        await ServerStore.UpdateAsync(tx, failed, token);
        await context.Events.EventAsync(tx, failed, "compute__do_build_and_run_instance", workflow.Fault?.Public ?? "failed", token);
        await context.Workflows.StartAsync(tx, ReleaseServer.FailedKind, server.Id, "{}", workflow.Actor, token);
    }, ct);
}
