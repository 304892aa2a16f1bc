using System.Text.Json;
using Appliance.Controller.Compute.Servers.Actions;
using Appliance.Controller.Compute.Servers.Create;
using Appliance.Controller.Compute.Servers.Lists;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Http.Policies;

namespace Appliance.Controller.Compute.Servers;

/// <summary>Compute API: "Servers". Behaviour: nova/api/openstack/compute/servers.py.</summary>
internal sealed class ServerRoutes(ServerContext context, CreateServers create, DeleteServer delete, PolicyEngine policy)
{
    private readonly ServerListReader _lists = new(policy);
    private readonly ServerLister _lister = new(context.Networking);

    public void Map(ApiRoutes v21)
    {
        var servers = v21.Group("/servers");
        servers.Get("", ListAsync).Allow("os_compute_api:servers:index");
        servers.Post("", CreateAsync).Allow("os_compute_api:servers:create");
        servers.Get("/detail", ListDetailAsync).Allow("os_compute_api:servers:detail");
        servers.Get("/{server_id}", ShowAsync).Allow("os_compute_api:servers:show");
        servers.Put("/{server_id}", UpdateAsync).Allow("os_compute_api:servers:update");
        servers.Delete("/{server_id}", DeleteAsync).Allow("os_compute_api:servers:delete");
    }

    private async Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        if (_lists.Read(request, "index").Failed(out var bad, out var list))
            return bad;
        if ((await context.Database.ReadAsync((tx, token) => _lister.ListAsync(tx, list, token), ct)).Failed(out var fault, out var page))
            return fault;
        var view = ServerView.For(request, policy);
        return ApiResult.Ok(json => WriteList(json, request, page, server => view.WriteBrief(json, server)));
    }

    private async Task<ApiResult> ListDetailAsync(ApiRequest request, CancellationToken ct)
    {
        if (_lists.Read(request, "detail").Failed(out var bad, out var list))
            return bad;
        var outcome = await context.Database.ReadAsync<Outcome<(ServerPage Page, ServerNetworkFacts Facts)>>(async (tx, token) =>
        {
            if ((await _lister.ListAsync(tx, list, token)).Failed(out var fault, out var page))
                return fault;
            return (page, await FactsAsync(tx, [.. page.Servers.Select(static server => server.Id)], token));
        }, ct);
        if (outcome.Failed(out var refused, out var found))
            return refused;
        var view = ServerView.For(request, policy);
        return ApiResult.Ok(json => WriteList(json, request, found.Page, server => view.WriteFull(json, server, found.Facts)));
    }

    private async Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var id = request.Path("server_id");
        var found = await context.Database.ReadAsync(async (tx, token) =>
            await ServerStore.FindAsync(tx, request.Caller, id, token) is { } server
                ? (server, facts: await FactsAsync(tx, [id], token)) : default, ct);
        if (found.server is null)
            return ComputeFaults.NoInstance(id);
        var view = ServerView.For(request, policy);
        return ApiResult.Ok(json => WriteOne(json, () => view.WriteFull(json, found.server, found.facts)));
    }

    private async Task<ApiResult> CreateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (ServerSchemas.Create.Refuses(body, out var invalid))
            return invalid;
        if (request.Caller.ProjectId is null)
            return ComputeFaults.Forbidden("A server belongs to a project: scope the token to one.");
        var mayAttachExternal = policy.Allows("nova", "network:attach_external_network", request.Caller, PolicyTarget.Of(request.Caller));
        if (CreateRequestReader.Read(body, mayAttachExternal).Failed(out var refused, out var asked))
            return refused;
        if (CheckPolicies(request, asked) is { } forbidden)
            return forbidden;

        // From here on the servers are made even when the client hangs up.
        if ((await create.RunAsync(request.Caller, request.Actor, asked, CancellationToken.None)).Failed(out var fault, out var servers))
            return fault;
        return asked.WantsReservationId ? ReservationOf(servers[0]) : Created(request, servers[0], asked);
    }

    private async Task<ApiResult> UpdateAsync(ApiRequest request, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var badBody, out var body))
            return badBody;
        if (ServerSchemas.Update.Refuses(body, out var invalid))
            return invalid;
        var change = body.GetProperty("server");
        var outcome = await context.Database.TryWriteAsync<(Server Server, ServerNetworkFacts Facts)>(async (tx, token) =>
        {
            var id = request.Path("server_id");
            if (await ServerStore.FindAsync(tx, request.Caller, id, token) is not { } server)
                return ComputeFaults.NoInstance(id);
            var next = await UpdateAsync(tx, request, server, change, token);
            return (next, await FactsAsync(tx, [id], token));
        }, ct);
        if (outcome.Failed(out var fault, out var updated))
            return fault;
        var view = ServerView.For(request, policy);
        return ApiResult.Ok(json => WriteOne(json, () => view.WriteUpdated(json, updated.Server, updated.Facts)));
    }

    private async Task<Server> UpdateAsync(Session tx, ApiRequest request, Server server, JsonElement change, CancellationToken ct)
    {
        var next = server with
        {
            Name = change.StringOrNull("name")?.Trim() ?? server.Name,
            IsDiskConfigAuto = change.StringOrNull("OS-DCF:diskConfig") is { } config ? config == "AUTO" : server.IsDiskConfigAuto,
            AccessIpv4 = AccessAddress.Normalize(change.StringOrNull("accessIPv4")) ?? server.AccessIpv4,
            AccessIpv6 = AccessAddress.Normalize(change.StringOrNull("accessIPv6")) ?? server.AccessIpv6,
            UpdatedAt = context.Clock.GetUtcNow(),
        };
        await ServerStore.UpdateAsync(tx, next, ct);
        await context.Events.ActionAsync(tx, request.Actor, next, "update", ct);
        return await ServerDocumentRefresh.RunAsync(tx, context, next, ct);
    }

    private async Task<ApiResult> DeleteAsync(ApiRequest request, CancellationToken ct) =>
        await delete.RunAsync(request.Caller, request.Actor, request.Path("server_id"), ct) is { } fault ? fault : ApiResult.NoContent;

    private Fault? CheckPolicies(ApiRequest request, CreateRequest asked)
    {
        var target = PolicyTarget.Of(request.Caller);
        if (asked.ForcedHost is not null
            && policy.Check("nova", "os_compute_api:servers:create:forced_host", request.Caller, target) is { } noHost)
            return noHost;
        return asked.Networks.Choice == NetworkChoice.Listed
            ? policy.Check("nova", "os_compute_api:servers:create:attach_network", request.Caller, target)
            : null;
    }

    private async Task<ServerNetworkFacts> FactsAsync(Session tx, IReadOnlyList<string> ids, CancellationToken ct) => ids.Count == 0
        ? ServerNetworkFacts.None
        : new ServerNetworkFacts(
            await context.Networking.ListAddressesAsync(tx, ids, ct), await context.Networking.ListSecurityGroupNamesAsync(tx, ids, ct));

    private static void WriteList(Utf8JsonWriter json, ApiRequest request, ServerPage page, Action<Server> write)
    {
        json.WriteStartObject();
        json.WriteStartArray("servers");
        foreach (var server in page.Servers)
            write(server);
        json.WriteEndArray();
        if (page.IsFull && page.Servers.Count > 0)
            ComputeLinks.WriteNext(json, request, "servers", page.Servers[^1].Id);
        json.WriteEndObject();
    }

    private static void WriteOne(Utf8JsonWriter json, Action write)
    {
        json.WriteStartObject();
        json.WritePropertyName("server");
        write();
        json.WriteEndObject();
    }

    private static ApiResult ReservationOf(Server server) => ApiResult.Json(StatusCodes.Status202Accepted, json =>
    {
        json.WriteStartObject();
        json.WriteString("reservation_id", server.ReservationId);
        json.WriteEndObject();
    });

    private static ApiResult Created(ApiRequest request, Server server, CreateRequest asked) =>
        ApiResult.Json(StatusCodes.Status202Accepted, json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("server");
            json.WriteString("id", server.Id);
            ComputeLinks.Write(json, request, "servers", server.Id);
            json.WriteString("OS-DCF:diskConfig", server.IsDiskConfigAuto ? "AUTO" : "MANUAL");
            json.WriteStartArray("security_groups");
            foreach (var group in asked.SecurityGroups ?? ["default"])
            {
                json.WriteStartObject();
                json.WriteString("name", group);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("adminPass", asked.AdminPassword);
            json.WriteEndObject();
            json.WriteEndObject();
        }).With("Location", $"{request.BaseUrl}/v2.1/servers/{server.Id}");
}
