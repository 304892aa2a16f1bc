using System.Text.Json;
using Appliance.Controller.Compute.Servers.Actions;
using Appliance.Controller.Compute.Servers.Create;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Compute.Servers;

/// <summary>Compute API: "Port interfaces". Behaviour: nova/api/openstack/compute/attach_interfaces.py.</summary>
internal sealed class InterfaceRoutes(ServerContext context, PolicyEngine policy)
{
    private const string Policies = "os_compute_api:os-attach-interfaces:";

    private static readonly JsonSchema Create = JsonSchema.Object.Closed().Property("interfaceAttachment", JsonSchema.Object.Closed()
        .Property("net_id", ComputeSchemas.Uuid)
        .Property("port_id", ComputeSchemas.Uuid)
        .Property("fixed_ips", JsonSchema.Array(JsonSchema.Object.Closed().Required("ip_address", ServerSchemas.IpAddress)).Count(1, 1)));

    public void Map(ApiRoutes v21)
    {
        var interfaces = v21.Group("/servers/{server_id}/os-interface");
        interfaces.Get("", ListAsync).Allow(Policies + "list");
        interfaces.Post("", AttachAsync).Allow(Policies + "create");
        interfaces.Get("/{port_id}", ShowAsync).Allow(Policies + "show");
        interfaces.Delete("/{port_id}", DetachAsync).Allow(Policies + "delete");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (await FindPortsAsync(request, ct) is not { } ports)
            return ComputeFaults.NoInstance(request.Path("server_id"));
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("interfaceAttachments");
            foreach (var port in ports)
                Write(json, port);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var (id, portId) = (request.Path("server_id"), request.Path("port_id"));
        if (await FindPortsAsync(request, ct) is not { } ports)
            return ComputeFaults.NoInstance(id);
        return ports.FirstOrDefault(port => port.PortId == portId) is { } found
            ? Show(found) : ComputeFaults.NotFound($"Instance {id} does not have a port with id {portId}");
    }

    private async Task<ApiResult> AttachAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (Create.Refuses(body, out var invalid))
            return invalid;
        if (ReadRequest(request, body).Failed(out var refused, out var asked))
            return refused;
        var outcome = await context.Database.TryWriteAsync((tx, token) => AttachAsync(tx, request, asked, token), CancellationToken.None);
        return outcome.Failed(out var fault, out var port) ? fault : Show(port);
    }

    private async Task<Outcome<ServerPort>> AttachAsync(Session tx, ApiRequest request, NetworkRequest asked, CancellationToken ct)
    {
        if (await ServerStore.FindAsync(tx, request.Caller, request.Path("server_id"), ct) is not { } server)
            return ComputeFaults.NoInstance(request.Path("server_id"));
        if ((ServerActionRules.CheckLock(server, request.Caller) ?? ServerActionRules.CheckInterfaces(server, "attach_interface")) is { } wrongState)
            return wrongState;
        if ((await context.Networking.PlanAsync(tx, request.Caller, asked, 1, ct)).Failed(out var badNetwork, out var plan))
            return badNetwork;
        if (plan.Nics.Count == 0)
            return ComputeFaults.Invalid("No specific network was requested and none are available for project '" + server.ProjectId + "'.");

        var place = new ServerOnNetwork(server.Id, server.ProjectId, server.NodeId, server.NodeName, server.HostName, server.Zone ?? "");
        if ((await context.Networking.CreatePortsAsync(tx, request.Caller, place, plan, ct)).Failed(out var noPort, out var ports))
            return noPort;
        var acting = server with { TaskActor = request.Actor };
        await context.Events.ActionAsync(tx, request.Actor, acting, "attach_interface", ct);
        await ServerDocumentRefresh.RunAsync(tx, context, server, ct);
        await context.Events.EventAsync(tx, acting, "compute_attach_interface", null, ct);
        return ports[^1];
    }

    private async Task<ApiResult> DetachAsync(ApiRequest request, CancellationToken ct)
    {
        var fault = await context.Database.TryWriteAsync(async (tx, token) =>
        {
            if (await ServerStore.FindAsync(tx, request.Caller, request.Path("server_id"), token) is not { } server)
                return ComputeFaults.NoInstance(request.Path("server_id"));
            if ((ServerActionRules.CheckLock(server, request.Caller) ?? ServerActionRules.CheckInterfaces(server, "detach_interface")) is { } wrongState)
                return wrongState;
            if (await context.Networking.DetachAsync(tx, server.Id, request.Path("port_id"), token) is { } refused)
                return refused;
            var acting = server with { TaskActor = request.Actor };
            await context.Events.ActionAsync(tx, request.Actor, acting, "detach_interface", token);
            await ServerDocumentRefresh.RunAsync(tx, context, server, token);
            await context.Events.EventAsync(tx, acting, "compute_detach_interface", null, token);
            return (Fault?)null;
        }, ct);
        return fault is not null ? fault : ApiResult.Accepted;
    }

    private Outcome<NetworkRequest> ReadRequest(ApiRequest request, JsonElement body)
    {
        var asked = body.Member("interfaceAttachment");
        var (network, port) = (asked?.StringOrNull("net_id"), asked?.StringOrNull("port_id"));
        var address = asked?.Member("fixed_ips") is { } list ? list[0].StringOrNull("ip_address") : null;
        if (network is not null && port is not null)
            return ComputeFaults.Invalid("Must not input both network_id and port_id");
        if (address is not null && network is null)
            return ComputeFaults.Invalid("Must input network_id when request IP address");
        var mayAttachExternal = policy.Allows("nova", "network:attach_external_network", request.Caller, PolicyTarget.Of(request.Caller));
        return network is null && port is null
            ? new NetworkRequest(NetworkChoice.Default, [], [], mayAttachExternal)
            : new NetworkRequest(NetworkChoice.Listed, [new RequestedNic(network, port, address, null)], [], mayAttachExternal);
    }

    private Task<IReadOnlyList<ServerPort>?> FindPortsAsync(ApiRequest request, CancellationToken ct) =>
        context.Database.ReadAsync(async (tx, token) =>
            await ServerStore.FindAsync(tx, request.Caller, request.Path("server_id"), token) is { } server
                ? await context.Networking.ListPortsAsync(tx, server.Id, token) : null, ct);

    private static ApiResult Show(ServerPort port) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName("interfaceAttachment");
        Write(json, port);
        json.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter json, ServerPort port)
    {
        json.WriteStartObject();
        json.WriteString("net_id", port.NetworkId);
        json.WriteString("port_id", port.PortId);
        json.WriteString("mac_addr", port.MacAddress);
        json.WriteString("port_state", port.Status);
        json.WriteStartArray("fixed_ips");
        foreach (var (subnet, address) in port.FixedIps)
        {
            json.WriteStartObject();
            json.WriteString("subnet_id", subnet);
            json.WriteString("ip_address", address);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
