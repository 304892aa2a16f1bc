using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Servers;

/// <summary>
/// Compute API: "Servers password": what the guest has posted to the metadata service. Behaviour: nova/api/openstack/compute/server_password.py.
/// </summary>
internal sealed class ServerPasswordRoutes(ServerContext context)
{
    public void Map(ApiRoutes v21)
    {
        var password = v21.Group("/servers/{server_id}/os-server-password");
        password.Get("", ShowAsync).Allow("os_compute_api:os-server-password:show");
        password.Delete("", ClearAsync).Allow("os_compute_api:os-server-password:clear");
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("server_id");
        var boot = await context.Database.ReadAsync(async (tx, token) => await ServerStore.FindAsync(tx, request.Caller, id, token) is null
            ? null : await ServerStore.GetBootAsync(tx, id, token), ct);
        if (boot is null)
            return ComputeFaults.NoInstance(id);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteString("password", boot.GuestPassword ?? "");
            json.WriteEndObject();
        });
    }

    // The node forgets it too, so that the guest can post another one.
    private async Task<ApiResult> ClearAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("server_id");
        var isFound = await context.Database.WriteAsync(async (tx, token) =>
        {
            if (await ServerStore.FindAsync(tx, request.Caller, id, token) is not { } server)
                return false;
            var boot = await ServerStore.GetBootAsync(tx, id, token);
            await ServerStore.UpdateBootAsync(tx, id, boot with { GuestPassword = null, PasswordEpoch = boot.PasswordEpoch + 1 }, token);
            await ServerDocumentRefresh.RunAsync(tx, context, server, token);
            return true;
        }, ct);
        return isFound ? ApiResult.NoContent : ComputeFaults.NoInstance(id);
    }
}
