using Appliance.Controller.Data;

namespace Appliance.Controller.Compute.Servers;

/// <summary>Brings a server's document in line with its rows, ports and groups, when it has one.</summary>
internal static class ServerDocumentRefresh
{
    /// <returns>The server with the generation its statuses must carry from now on.</returns>
    public static async Task<Server> RunAsync(Session tx, ServerContext context, Server server, CancellationToken ct)
    {
        if (server.TaskState == TaskStates.Deleting || !await ServerDocuments.IsWantedAsync(tx, server, ct))
            return server;
        var boot = await ServerStore.GetBootAsync(tx, server.Id, ct);
        var next = server with { DocumentGeneration = await context.Documents.PutAsync(tx, server, boot, ct) };
        if (next.DocumentGeneration != server.DocumentGeneration)
            await ServerStore.UpdateAsync(tx, next, ct);
        return next;
    }
}
