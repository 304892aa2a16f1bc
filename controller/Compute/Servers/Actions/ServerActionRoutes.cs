using Appliance.Controller.Compute.Servers.Create;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;

namespace Appliance.Controller.Compute.Servers.Actions;

/// <summary>Compute API: "Servers - run an action" and "run an administrative action", as far as this cloud's nodes carry them out.</summary>
internal sealed class ServerActionRoutes(ServerActions actions, DeleteServer delete, ServerContext context)
{
    private const string Path = "/servers/{server_id}/action";

    public void Map(ApiRoutes v21)
    {
        v21.Action(Path, "os-start", StartAsync).Allow("os_compute_api:servers:start");
        v21.Action(Path, "os-stop", StopAsync).Allow("os_compute_api:servers:stop");
        v21.Action(Path, "reboot", RebootAsync).Allow("os_compute_api:servers:reboot");
        v21.Action(Path, "forceDelete", ForceDeleteAsync).Allow("os_compute_api:os-deferred-delete:force");
        v21.Action(Path, "restore", RestoreAsync).Allow("os_compute_api:os-deferred-delete:restore");
        v21.Action(Path, "lock", LockAsync).Allow("os_compute_api:os-lock-server:lock");
        v21.Action(Path, "unlock", UnlockAsync).Allow("os_compute_api:os-lock-server:unlock");
        v21.Action(Path, "os-resetState", ResetStateAsync).Allow("os_compute_api:os-admin-actions:reset_state");
        v21.Action(Path, "addSecurityGroup", AddSecurityGroupAsync).Allow("os_compute_api:os-security-groups:add");
        v21.Action(Path, "removeSecurityGroup", RemoveSecurityGroupAsync).Allow("os_compute_api:os-security-groups:remove");
    }

    private async Task<ApiResult> StartAsync(ApiRequest request, CancellationToken ct) =>
        ServerSchemas.Start.Refuses(request.ActionBody, out var invalid) ? invalid
            : Answer(await actions.StartAsync(request.Caller, request.Actor, Id(request), ct));

    private async Task<ApiResult> StopAsync(ApiRequest request, CancellationToken ct) =>
        ServerSchemas.Stop.Refuses(request.ActionBody, out var invalid) ? invalid
            : Answer(await actions.StopAsync(request.Caller, request.Actor, Id(request), ct));

    private async Task<ApiResult> RebootAsync(ApiRequest request, CancellationToken ct)
    {
        if (ServerSchemas.Reboot.Refuses(request.ActionBody, out var invalid))
            return invalid;
        var isHard = request.ActionArgument("reboot").StringOrNull("type")!.Equals("hard", StringComparison.OrdinalIgnoreCase);
        return Answer(await actions.RebootAsync(request.Caller, request.Actor, Id(request), isHard, ct));
    }

    private async Task<ApiResult> ForceDeleteAsync(ApiRequest request, CancellationToken ct) =>
        Answer(await delete.RunAsync(request.Caller, request.Actor, Id(request), ct));

    // Deleting is never deferred here, so no server is ever in the one state that could be restored.
    private Task<ApiResult> RestoreAsync(ApiRequest request, CancellationToken ct) => context.Database.ReadAsync<ApiResult>(async (tx, token) =>
        await ServerStore.FindAsync(tx, request.Caller, Id(request), token) is { } server
            ? new Fault(FaultKind.WrongState, $"Cannot 'restore' instance {server.Id} while it is in vm_state {server.VmState}")
            : ComputeFaults.NoInstance(Id(request)), ct);

    private async Task<ApiResult> LockAsync(ApiRequest request, CancellationToken ct) =>
        Answer(await actions.SetLockAsync(request.Caller, request.Actor, Id(request), isLocked: true, ct));

    private async Task<ApiResult> UnlockAsync(ApiRequest request, CancellationToken ct) =>
        Answer(await actions.SetLockAsync(request.Caller, request.Actor, Id(request), isLocked: false, ct));

    private async Task<ApiResult> ResetStateAsync(ApiRequest request, CancellationToken ct) =>
        ServerSchemas.ResetState.Refuses(request.ActionBody, out var invalid) ? invalid
            : Answer(await actions.ResetStateAsync(
                request.Actor, Id(request), request.ActionArgument("os-resetState").StringOrNull("state")!, ct));

    private async Task<ApiResult> AddSecurityGroupAsync(ApiRequest request, CancellationToken ct)
    {
        if (ServerSchemas.AddSecurityGroup.Refuses(request.ActionBody, out var invalid))
            return invalid;
        var group = request.ActionArgument("addSecurityGroup").StringOrNull("name")!;
        return Answer(await ChangeGroupsAsync(
            request, (tx, server, token) => context.Networking.AddSecurityGroupAsync(tx, request.Caller, server.Id, group, token), ct));
    }

    private async Task<ApiResult> RemoveSecurityGroupAsync(ApiRequest request, CancellationToken ct)
    {
        if (ServerSchemas.RemoveSecurityGroup.Refuses(request.ActionBody, out var invalid))
            return invalid;
        var group = request.ActionArgument("removeSecurityGroup").StringOrNull("name")!;
        return Answer(await ChangeGroupsAsync(
            request, (tx, server, token) => context.Networking.RemoveSecurityGroupAsync(tx, request.Caller, server.Id, group, token), ct));
    }

    // The guest's metadata names its groups: the document follows.
    private Task<Fault?> ChangeGroupsAsync(
        ApiRequest request, Func<Data.Session, Server, CancellationToken, Task<Fault?>> change, CancellationToken ct) =>
        context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await ServerStore.FindAsync(tx, request.Caller, Id(request), token) is not { } server)
                return ComputeFaults.NoInstance(Id(request));
            if (await change(tx, server, token) is { } refused)
                return refused;
            await ServerDocumentRefresh.RunAsync(tx, context, server, token);
            return (Fault?)null;
        }, ct);

    private static string Id(ApiRequest request) => request.Path("server_id");

    private static ApiResult Answer(Fault? fault) => fault is not null ? fault : ApiResult.Accepted;
}
