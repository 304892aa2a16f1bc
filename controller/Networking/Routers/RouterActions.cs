using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Resources;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking.Routers;

/// <summary>What routers do beside create, show, update and delete. Source: neutron/extensions/{l3,extraroute_atomic}.py.</summary>
internal sealed class RouterActions(NetworkingContext context, RouterKind routers, RouterInterfaces interfaces)
{
    public void Map(ApiRoutes v2)
    {
        var router = v2.Group("/routers/{id}");
        router.Put("/add_router_interface", (request, ct) => InterfaceAsync(request, isRemoval: false, ct)).Allow("add_router_interface");
        router.Put("/remove_router_interface", (request, ct) => InterfaceAsync(request, isRemoval: true, ct)).Allow("remove_router_interface");
        router.Put("/add_extraroutes", (request, ct) => RoutesAsync(request, "add_extraroutes", static (old, given) => [.. old.Union(given)], ct))
            .Allow("add_extraroutes");
        router.Put("/remove_extraroutes", (request, ct) => RoutesAsync(request, "remove_extraroutes", static (old, given) => [.. old.Except(given)], ct))
            .Allow("remove_extraroutes");
    }

    private async Task<ApiResult> InterfaceAsync(ApiRequest request, bool isRemoval, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var unreadable, out var body))
            return unreadable;
        if (InterfaceRequest.Read(body, isRemoval).Failed(out var bad, out var asked))
            return bad;
        var rule = isRemoval ? "remove_router_interface" : "add_router_interface";
        var outcome = await context.Database.TryWriteAsync(async Task<Outcome<InterfaceView>> (tx, token) =>
        {
            if ((await GetAsync(tx, request, rule, token)).Failed(out var refused, out var router))
                return refused;
            var done = isRemoval
                ? await interfaces.RemoveAsync(tx, request.Caller, router, asked, token)
                : await interfaces.AddAsync(tx, request.Caller, router, asked, token);
            if (!done.IsFault)
                await context.LogAsync(tx, request.Actor, "router", router, rule, token);
            return done;
        }, ct);
        return outcome.Failed(out var fault, out var view) ? fault : ApiResult.Ok(json => Write(json, view));
    }

    private async Task<ApiResult> RoutesAsync(
        ApiRequest request, string rule, Func<List<HostRoute>, List<HostRoute>, List<HostRoute>> merge, CancellationToken ct)
    {
        if ((await request.ReadJsonAsync(ct)).Failed(out var unreadable, out var body))
            return unreadable;
        if (body.Member("router")?.Member("routes") is not { } given)
            return NeutronErrors.BadRequest("Unable to find 'routes' in request body");
        var (value, reason, fault) = SubnetReaders.HostRoutes(given);
        if (value is not List<HostRoute> asked)
            return fault ?? NeutronErrors.BadRequest($"Invalid input for routes. Reason: {reason}.");

        var outcome = await context.Database.TryWriteAsync(async Task<Outcome<Router>> (tx, token) =>
        {
            if ((await GetAsync(tx, request, rule, token)).Failed(out var refused, out var router))
                return refused;
            return await routers.SaveAsync(tx, routers.Touch(router), merge(router.Routes.Items, asked), token);
        }, ct);
        if (outcome.Failed(out var failure, out var saved))
            return failure;
        var selected = routers.Attributes.Select(request.Caller, context.Policy, []);
        return ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WritePropertyName("router");
            AttributeTable<Router>.Write(json, saved, selected);
            json.WriteEndObject();
        });
    }

    private async Task<Outcome<Router>> GetAsync(Session tx, ApiRequest request, string rule, CancellationToken ct)
    {
        if (await routers.FindAsync(tx, request.Caller, request.Path("id"), ct) is not { } router)
            return routers.NotFound(request.Path("id"));
        return context.Check(rule, request.Caller, router.ProjectId) is { } refused ? refused : router;
    }

    private static void Write(Utf8JsonWriter json, InterfaceView view)
    {
        json.WriteStartObject();
        json.WriteString("id", view.RouterId);
        json.WriteString("tenant_id", view.Port.ProjectId);
        json.WriteString("project_id", view.Port.ProjectId);
        json.WriteString("port_id", view.Port.Id);
        json.WriteString("network_id", view.Port.NetworkId);
        json.WriteString("subnet_id", view.SubnetIds.Count > 0 ? view.SubnetIds[^1] : null);
        json.WriteStartArray("subnet_ids");
        foreach (var id in view.SubnetIds)
            json.WriteStringValue(id);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
