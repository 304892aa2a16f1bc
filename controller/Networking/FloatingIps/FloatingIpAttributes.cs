using System.Text.Json;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Resources;
using Attribute = Appliance.Controller.Networking.Resources.Attribute;

namespace Appliance.Controller.Networking.FloatingIps;

/// <summary>The attribute map of floating IPs. Source: neutron_lib/api/definitions/{l3,fip_port_details}.py.</summary>
internal static class FloatingIpAttributes
{
    public static readonly AttributeTable<FloatingIp> Table = new("floatingip",
    [
        StandardAttributes.Id<FloatingIp>(),
        .. StandardAttributes.Owner<FloatingIp>(),
        Attribute.Text<FloatingIp>("floating_ip_address", static ip => ip.Address).Post(null).ReadBy(Read.IpOrNull).Guarded()
            .FilterText("r.address").SortBy("r.address"),
        Attribute.Hidden<FloatingIp>("subnet_id").Post(null).ReadBy(Read.UuidOrNull),
        Attribute.Text<FloatingIp>("floating_network_id", static ip => ip.NetworkId).PostRequired().ReadBy(Read.Uuid)
            .FilterText("r.network_id").SortBy("r.network_id"),
        Attribute.Text<FloatingIp>("router_id", static ip => ip.RouterId).FilterText("COALESCE(r.router_id, '')").SortBy("COALESCE(r.router_id, '')"),
        Attribute.Text<FloatingIp>("port_id", static ip => ip.PortId).Post(null).Put().ReadBy(Read.UuidOrNull)
            .FilterText("COALESCE(r.port_id, '')"),
        Attribute.Text<FloatingIp>("fixed_ip_address", static ip => ip.FixedIpAddress).Post(null).Put().ReadBy(Read.IpOrNull)
            .FilterText("COALESCE(r.fixed_ip_address, '')").SortBy("COALESCE(r.fixed_ip_address, '')"),
        Attribute.Text<FloatingIp>("status", static ip => ip.Status).FilterText("r.status").SortBy("r.status"),
        new ResourceAttribute<FloatingIp>("port_details", WritePort),
        .. StandardAttributes.Rest<FloatingIp>(),
        .. StandardAttributes.Tags<FloatingIp>(),
    ]);

    private static void WritePort(Utf8JsonWriter json, FloatingIp ip)
    {
        if (ip.Port is not { } port)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteString("name", port.Name);
        json.WriteString("network_id", port.NetworkId);
        json.WriteString("mac_address", port.MacAddress);
        json.WriteBoolean("admin_state_up", port.AdminStateUp);
        json.WriteString("status", port.Status);
        json.WriteString("device_id", port.DeviceId);
        json.WriteString("device_owner", port.DeviceOwner);
        json.WriteEndObject();
    }
}
