using System.Text.Json;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Resources;
using Appliance.Controller.Networking.Subnets;
using Attribute = Appliance.Controller.Networking.Resources.Attribute;

namespace Appliance.Controller.Networking.Routers;

/// <summary>
/// The attribute map of routers. Source: neutron_lib/api/definitions/{l3,l3_ext_gw_mode,extraroute,dvr,l3_ext_ha_mode,
/// router_availability_zone}.py.
/// </summary>
internal static class RouterAttributes
{
    public static readonly AttributeTable<Router> Table = new("router",
    [
        StandardAttributes.Id<Router>(),
        StandardAttributes.Name<Router>(),
        .. StandardAttributes.Owner<Router>(),
        Attribute.Flag<Router>("admin_state_up", static router => router.AdminStateUp).Post(true).Put().ReadBy(Read.Flag)
            .FilterFlag("r.admin_state_up").SortBy("r.admin_state_up"),
        Attribute.Text<Router>("status", static router => router.Status).FilterText("r.status").SortBy("r.status"),
        new ResourceAttribute<Router>("external_gateway_info", WriteGateway).Post(null).Put().ReadBy(GatewayInfo.Read).Guarded(),
        Attribute.Raw<Router>("routes", static router => router.Routes.Text).Put().ReadBy(SubnetReaders.HostRoutes),
        Attribute.Flag<Router>("distributed", static _ => false).Post().Put().ReadBy(OnlyFalse("distributed")).Guarded(),
        Attribute.Flag<Router>("ha", static _ => false).Post().Put().ReadBy(OnlyFalse("ha")).Guarded(),
        Attribute.Raw<Router>("availability_zone_hints", static router => router.ZoneHints.Text).Post().ReadBy(ZoneHintsReader.Read),
        Attribute.Texts<Router>("availability_zones", static router => router.NodeId is null ? [] : [Zones.Default]),
        .. StandardAttributes.Rest<Router>(),
        .. StandardAttributes.Tags<Router>(),
    ]);

    private static void WriteGateway(Utf8JsonWriter json, Router router)
    {
        if (router.GatewayNetworkId is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteString("network_id", router.GatewayNetworkId);
        json.WritePropertyName("external_fixed_ips");
        json.WriteRawValue(router.GatewayFixedIps, skipInputValidation: true);
        json.WriteBoolean("enable_snat", router.EnableSnat);
        json.WriteEndObject();
    }

    // Every router is on one node, and moves when the node is lost.
    private static AttributeReader OnlyFalse(string name) => value =>
        Read.FlagOrNull(value) is { Value: true } ? NeutronErrors.InvalidInput($"{name} routers are not available on this site") : Read.FlagOrNull(value);
}
