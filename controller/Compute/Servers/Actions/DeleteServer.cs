using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Servers.Actions;

/// <summary>Starts deleting a server: its document is withdrawn with the answer, the rest is <see cref="ReleaseServer"/>.</summary>
internal sealed class DeleteServer(ServerContext context, ReleaseServer release)
{
    public Task<Fault?> RunAsync(Caller caller, Actor actor, string id, CancellationToken ct) => context.Database.TryWriteAsync(async (tx, token) =>
    {
        if (await ServerStore.FindAsync(tx, caller, id, token) is not { } server)
            return ComputeFaults.NoInstance(id);
        if (ServerActionRules.CheckLock(server, caller) is { } locked)
            return locked;
        if (server.TaskState == TaskStates.Deleting)
            return (Fault?)null;

        var deleting = server with { TaskState = TaskStates.Deleting, TaskActor = actor, UpdatedAt = context.Clock.GetUtcNow() };
        await context.Events.ActionAsync(tx, actor, deleting, "delete", token);
        await StartAsync(tx, deleting, actor, token);
        return null;
    }, ct);

    private async Task StartAsync(Session tx, Server server, Actor actor, CancellationToken ct)
    {
        if (server.NodeId is null)
        {
            await release.ReleaseAsync(tx, server, ct);
            await release.HideAsync(tx, server, ct);
            return;
        }

        await context.Documents.RemoveAsync(tx, server, ct);
        await ServerStore.UpdateAsync(tx, server, ct);
        await context.Workflows.StartAsync(tx, ReleaseServer.DeletedKind, server.Id, "{}", actor, ct);
        // A build that waits for this server's node has nothing to wait for any more.
        tx.AfterCommit(() => context.Workflows.Wake(server.Id));
    }
}
