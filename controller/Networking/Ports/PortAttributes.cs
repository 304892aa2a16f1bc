using System.Text.Json;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Resources;
using Attribute = Appliance.Controller.Networking.Resources.Attribute;

namespace Appliance.Controller.Networking.Ports;

/// <summary>
/// The attribute map of ports. Source: neutron_lib/api/definitions/{port,portbindings,port_security,allowedaddresspairs,extra_dhcp_opt}.py,
/// neutron/extensions/securitygroup.py.
/// </summary>
internal static class PortAttributes
{
    private static readonly string[] VnicTypes =
    [
        "normal", "direct", "macvtap", "baremetal", "direct-physical", "virtio-forwarder", "smart-nic", "vdpa", "accelerator-direct",
        "accelerator-direct-physical", "remote-managed",
    ];

    // Without a guard here: what PortRights checks, because it depends on the network.
    public static readonly AttributeTable<Port> Table = new("port",
    [
        StandardAttributes.Id<Port>(),
        StandardAttributes.Name<Port>(),
        Attribute.Text<Port>("network_id", static port => port.NetworkId).PostRequired().ReadBy(Read.Uuid)
            .FilterText("r.network_id").SortBy("r.network_id"),
        .. StandardAttributes.Owner<Port>(),
        Attribute.Text<Port>("mac_address", static port => port.MacAddress).Post().Put().ReadBy(PortReaders.MacAddress)
            .FilterBy(PortFilters.ByMac).SortBy("r.mac_address"),
        Attribute.Flag<Port>("admin_state_up", static port => port.AdminStateUp).Post(true).Put().ReadBy(Read.Flag)
            .FilterFlag("r.admin_state_up").SortBy("r.admin_state_up"),
        Attribute.Text<Port>("status", static port => port.Status).FilterText("r.status").SortBy("r.status"),
        Attribute.Text<Port>("device_id", static port => port.DeviceId).Post("").Put().ReadBy(Read.TextOrEmpty(255)).Guarded()
            .FilterText("r.device_id").SortBy("r.device_id"),
        Attribute.Text<Port>("device_owner", static port => port.DeviceOwner).Post().Put().ReadBy(Read.TextOrEmpty(255))
            .FilterText("r.device_owner").SortBy("r.device_owner"),
        Attribute.Raw<Port>("fixed_ips", static port => port.FixedIps.Text).Post().Put().ReadBy(PortReaders.FixedIps)
            .FilterBy(PortFilters.ByFixedIp),
        Attribute.Raw<Port>("allowed_address_pairs", static port => port.AddressPairs.Text).Post().Put().ReadBy(PortReaders.AddressPairs),
        Attribute.Raw<Port>("extra_dhcp_opts", static port => port.DhcpOptions.Text).Post().Put().ReadBy(PortReaders.DhcpOptions),
        Attribute.Raw<Port>("security_groups", static port => port.SecurityGroupIds.Text).Post().Put().ReadBy(PortReaders.SecurityGroups)
            .FilterBy(PortFilters.BySecurityGroup),
        Attribute.Flag<Port>("port_security_enabled", static port => port.PortSecurityEnabled).Post().Put().ReadBy(Read.Flag),
        Attribute.Text<Port>("binding:vnic_type", static port => port.VnicType).Post("normal").Put().ReadBy(Read.Among(VnicTypes)).Guarded(),
        Attribute.Text<Port>("binding:host_id", static port => port.HostId).Post().Put().ReadBy(Read.TextOrEmpty(255)).Guarded()
            .FilterText("r.host_id"),
        Attribute.Raw<Port>("binding:profile", static port => port.Profile).Post().Put().ReadBy(Read.ObjectOrNull).Guarded(),
        Attribute.Text<Port>("binding:vif_type", static port => port.VifType),
        new ResourceAttribute<Port>("binding:vif_details", WriteVifDetails),
        .. StandardAttributes.Rest<Port>(),
        .. StandardAttributes.Tags<Port>(),
    ]);

    private static void WriteVifDetails(Utf8JsonWriter json, Port port)
    {
        json.WriteStartObject();
        if (port.NodeId is not null)
        {
            json.WriteString("connectivity", "l2");
            json.WriteBoolean("port_filter", true);
        }

        json.WriteEndObject();
    }
}
