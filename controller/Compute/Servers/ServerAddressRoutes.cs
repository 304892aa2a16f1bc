using Appliance.Controller.Http;

namespace Appliance.Controller.Compute.Servers;

/// <summary>Compute API: "Servers IPs". Behaviour: nova/api/openstack/compute/ips.py.</summary>
internal sealed class ServerAddressRoutes(ServerContext context)
{
    public void Map(ApiRoutes v21)
    {
        var addresses = v21.Group("/servers/{server_id}/ips");
        addresses.Get("", ListAsync).Allow("os_compute_api:ips:index");
        addresses.Get("/{network_label}", ShowAsync).Allow("os_compute_api:ips:show");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (await FindAsync(request, ct) is not { } addresses)
            return ComputeFaults.NoInstance(request.Path("server_id"));
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("addresses");
            ServerAddressView.WriteNetworks(json, addresses, withDetails: false);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        if (await FindAsync(request, ct) is not { } addresses)
            return ComputeFaults.NoInstance(request.Path("server_id"));
        var network = request.Path("network_label");
        if (addresses.All(address => address.NetworkName != network))
            return ComputeFaults.NotFound("Instance is not a member of specified network");
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            ServerAddressView.WriteNetwork(json, network, addresses, withDetails: false);
            json.WriteEndObject();
        });
    }

    private Task<IReadOnlyList<ServerAddress>?> FindAsync(ApiRequest request, CancellationToken ct) =>
        context.Database.ReadAsync<IReadOnlyList<ServerAddress>?>(async (tx, token) =>
        {
            if (await ServerStore.FindAsync(tx, request.Caller, request.Path("server_id"), token) is not { } server)
                return null;
            var addresses = await context.Networking.ListAddressesAsync(tx, [server.Id], token);
            return addresses.GetValueOrDefault(server.Id) ?? [];
        }, ct);
}
