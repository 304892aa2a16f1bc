using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Resources;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking.Routers;

/// <summary>Routers. Source: neutron/db/{l3_db,l3_gwmode_db,extraroute_db}.py.</summary>
internal sealed class RouterKind(NetworkingContext context, RouterPorts ports) : ResourceKind<Router>(context)
{
    public override string Name => "router";
    public override AttributeTable<Router> Attributes => RouterAttributes.Table;
    public override ResourceTable<Router> Table => RouterTable.Table;
    public override Fault NotFound(string id) => RouterErrors.NotFound(id);

    public override Fault? CheckParts(string action, Caller caller, AttributeValues values)
    {
        if (values.Object<GatewayInfo>("external_gateway_info") is not { } info)
            return null;
        var rule = $"{action}_router:external_gateway_info";
        return (info.EnableSnat is null ? null : Context.Check(rule + ":enable_snat", caller, caller.ProjectId))
            ?? (info.FixedIps is null ? null : Context.Check(rule + ":external_fixed_ips", caller, caller.ProjectId));
    }

    public override async Task<List<Router>> CompleteAsync(Session tx, List<Router> items, CancellationToken ct)
    {
        var gateways = items.Where(static router => router.GatewayPortId is not null).ToList();
        if (gateways.Count == 0)
            return items;
        var rows = gateways.Count == 1
            ? await tx.ListAsync("SELECT id, fixed_ips FROM ports WHERE id = @id",
                static row => (row.String(0), row.String(1)), ct, ("id", gateways[0].GatewayPortId))
            : await tx.ListAsync("SELECT id, fixed_ips FROM ports WHERE device_owner = @owner",
                static row => (row.String(0), row.String(1)), ct, ("owner", DeviceOwners.RouterGateway));
        var ips = rows.ToDictionary(static row => row.Item1, static row => row.Item2);
        return [.. items.Select(router => router.GatewayPortId is { } port ? router with { GatewayFixedIps = ips.GetValueOrDefault(port, "[]") } : router)];
    }

    public override async Task<Outcome<Router>> CreateAsync(Session tx, Requester requester, AttributeValues values, CancellationToken ct)
    {
        var router = Begin(new Router
        {
            AdminStateUp = values.Flag("admin_state_up", true),
            Routes = JsonList<HostRoute>.Of([], NetworkingJson.Default.ListHostRoute),
            ZoneHints = new(values.Text("availability_zone_hints", "[]"), NetworkingJson.Default.ListString),
        }, values);
        if (values.Object<GatewayInfo>("external_gateway_info") is { } info
            && (await ports.SetGatewayAsync(tx, requester.Caller, router, info, ct)).Failed(out var fault, out router))
        {
            return fault;
        }

        await Table.InsertAsync(tx, router, ct);
        await Context.Marks.RouterAsync(tx, router.Id, ct);
        return router;
    }

    public override async Task<Outcome<Router>> UpdateAsync(
        Session tx, Requester requester, Router current, AttributeValues changes, CancellationToken ct)
    {
        var changed = Change(current, changes) with { AdminStateUp = changes.Flag("admin_state_up", current.AdminStateUp) };
        if (changes.Object<GatewayInfo>("external_gateway_info") is { } info
            && (await ports.SetGatewayAsync(tx, requester.Caller, changed, info, ct)).Failed(out var badGateway, out changed))
        {
            return badGateway;
        }

        return await SaveAsync(tx, changed, changes.Object<List<HostRoute>>("routes") ?? changed.Routes.Items, ct);
    }

    /// <summary>Stores a changed router with these routes, which must lead where the router is.</summary>
    public async Task<Outcome<Router>> SaveAsync(Session tx, Router router, List<HostRoute> routes, CancellationToken ct)
    {
        if (routes.Count > 0)
        {
            var attached = await RouterPorts.ListSubnetsAsync(tx, router.Id, ct);
            var own = (await RouterPorts.ListAsync(tx, router.Id, ct)).SelectMany(static port => port.FixedIps.Items).Select(static ip => ip.IpAddress).ToHashSet();
            if (RouterRules.CheckRoutes(router.Id, routes, attached.Select(static subnet => subnet.Cidr), own) is { } badRoutes)
                return badRoutes;
        }

        var saved = router with { Routes = JsonList<HostRoute>.Of(routes, NetworkingJson.Default.ListHostRoute) };
        await Table.UpdateAsync(tx, saved, ct);
        await Context.Marks.RouterAsync(tx, router.Id, ct);
        return saved;
    }

    public override async Task<Fault?> DeleteAsync(Session tx, Requester requester, Router current, CancellationToken ct)
    {
        var interfaces = (await RouterPorts.ListAsync(tx, current.Id, ct)).Where(port => port.Id != current.GatewayPortId).ToList();
        if (interfaces.Count > 0)
            return RouterErrors.InUse(current.Id, interfaces.Select(static port => port.Id));
        if ((await ports.RemoveGatewayAsync(tx, current, ct)).Failed(out var fault, out _))
            return fault;
        await Table.DeleteAsync(tx, current.Id, ct);
        await Context.Marks.RouterAsync(tx, current.Id, ct);
        return null;
    }
}
