using System.Text.Json;
using Appliance.Controller.Compute.Hosts;
using Appliance.Controller.Data;
using Appliance.Controller.Link;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Controller.Compute.Servers;

/// <summary>Hears from nodes how their servers are, and writes it down in the transaction of the message.</summary>
internal sealed class ServerStatusSink(ServerContext context) : IStatusSink, INodeWatcher
{
    public IReadOnlyList<string> Kinds { get; } = [DocumentKinds.Server];

    public async Task OnStatusAsync(
        Session tx, string nodeId, IReadOnlyList<ObjectStatus> statuses, IReadOnlyList<DocumentKey> gone, CancellationToken ct)
    {
        foreach (var status in statuses)
        {
            if (status.Kind == DocumentKinds.Server && await ServerStore.FindAsync(tx, status.Id, ct) is { } server && server.NodeId == nodeId)
                await ApplyAsync(tx, server, status, ct);
        }

        foreach (var key in gone)
        {
            if (key.Kind == DocumentKinds.Server)
                tx.AfterCommit(() => context.Workflows.Wake(key.Id));
        }
    }

    /// <summary>A node that went down may hold up deletes: their workflows look again.</summary>
    public async Task OnNodeAsync(Node node, CancellationToken ct)
    {
        await context.Database.WriteAsync((tx, token) => HostStore.RegisterAsync(tx, node.Id, context.Clock.GetUtcNow(), token), ct);
        if (!node.IsUp)
            context.Workflows.WakeAll();
    }

    private async Task ApplyAsync(Session tx, Server server, ObjectStatus status, CancellationToken ct)
    {
        var details = status.Details is { } json ? json.Deserialize(ProtocolJson.Default.ServerStatusDetails) : null;
        if (details?.GuestPassword is { Length: > 0 } password)
            await KeepPasswordAsync(tx, server.Id, password, details.PasswordEpoch, ct);
        var outcome = ServerStatusRules.Apply(server, status.Generation, status.State, status.Fault, details, context.Clock.GetUtcNow());
        if (outcome is null)
            return;

        var next = outcome.Server;
        if (outcome.ShouldStop)
            next = await StopDesiringAsync(tx, next, ct);
        await ServerStore.UpdateAsync(tx, next, ct);
        if (outcome.Event is { } ended)
            await context.Events.EventAsync(tx, next, ended, outcome.Error, ct);
        else if (next.VmState != server.VmState)
            await context.Events.StateAsync(tx, next, ct);
        tx.AfterCommit(() => context.Workflows.Wake(server.Id));
    }

    // A cleared one may be on its way still: its epoch is over.
    private static async Task KeepPasswordAsync(Session tx, string serverId, string password, int epoch, CancellationToken ct)
    {
        var boot = await ServerStore.GetBootAsync(tx, serverId, ct);
        if (boot.PasswordEpoch == epoch && boot.GuestPassword is null)
            await ServerStore.UpdateBootAsync(tx, serverId, boot with { GuestPassword = password }, ct);
    }

    // Otherwise the node would start the guest again after its own next start.
    private async Task<Server> StopDesiringAsync(Session tx, Server server, CancellationToken ct)
    {
        var boot = await ServerStore.GetBootAsync(tx, server.Id, ct) with { ShouldRun = false, Operations = [] };
        await ServerStore.UpdateBootAsync(tx, server.Id, boot, ct);
        return server with { DocumentGeneration = await context.Documents.PutAsync(tx, server, boot, ct) };
    }
}
