using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Resources;
using Attribute = Appliance.Controller.Networking.Resources.Attribute;

namespace Appliance.Controller.Networking.Networks;

/// <summary>
/// The attribute map of networks. Source: neutron_lib/api/definitions/{network,external_net,provider_net,port_security,network_mtu,
/// network_mtu_writable,network_availability_zone,auto_allocated_topology}.py.
/// </summary>
internal static class NetworkAttributes
{
    // neutron/plugins/common: provider attribute lengths.
    private const int TypeLength = 32;
    private const int PhysicalNetworkLength = 64;

    public static readonly AttributeTable<Network> Table = new("network",
    [
        StandardAttributes.Id<Network>(),
        StandardAttributes.Name<Network>(),
        .. StandardAttributes.Owner<Network>(),
        Attribute.Flag<Network>("admin_state_up", static network => network.AdminStateUp).Post(true).Put().ReadBy(Read.Flag)
            .FilterFlag("r.admin_state_up").SortBy("r.admin_state_up"),
        Attribute.Number<Network>("mtu", static network => network.Mtu).Post(0L).Put().ReadBy(Read.Range(0, null)).FilterNumber("r.mtu").SortBy("r.mtu"),
        Attribute.Text<Network>("status", static _ => "ACTIVE").FilterText("'ACTIVE'").SortBy("r.id"),
        Attribute.Texts<Network>("subnets", static network => network.SubnetIds),
        Attribute.Flag<Network>("shared", static network => network.Shared).Post(false).Put().ReadBy(Read.Flag).Guarded().FilterFlag("r.shared"),
        Attribute.Raw<Network>("availability_zone_hints", static network => network.ZoneHints.Text).Post().ReadBy(ZoneHintsReader.Read),
        Attribute.Texts<Network>("availability_zones", static network => network.SubnetIds.Count > 0 ? [Zones.Default] : []),
        Attribute.Flag<Network>("router:external", static network => network.External).Post(false).Put().ReadBy(Read.Flag).Guarded()
            .FilterFlag("r.external"),
        Attribute.Flag<Network>("is_default", static network => network.IsDefault).Post(false).Put().ReadBy(Read.Flag).Guarded().FilterFlag("r.is_default"),
        Attribute.Flag<Network>("port_security_enabled", static network => network.PortSecurityEnabled).Post(true).Put().ReadBy(Read.Flag).Guarded(),
        Attribute.Text<Network>("provider:network_type", static network => network.Type).Post().Put().ReadBy(Read.Text(TypeLength)).Guarded()
            .FilterText("r.network_type"),
        Attribute.Text<Network>("provider:physical_network", static network => network.PhysicalNetwork).Post().Put()
            .ReadBy(Read.Text(PhysicalNetworkLength)).Guarded().FilterText("r.physical_network"),
        Attribute.Number<Network>("provider:segmentation_id", static network => network.SegmentationId).Post().Put().ReadBy(Read.Integer).Guarded()
            .FilterNumber("r.segmentation_id"),
        .. StandardAttributes.Rest<Network>(),
        .. StandardAttributes.Tags<Network>(),
    ]);
}
