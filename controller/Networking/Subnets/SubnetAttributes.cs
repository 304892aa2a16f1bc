using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Resources;
using Attribute = Appliance.Controller.Networking.Resources.Attribute;

namespace Appliance.Controller.Networking.Subnets;

/// <summary>The attribute map of subnets. Source: neutron_lib/api/definitions/subnet.py.</summary>
internal static class SubnetAttributes
{
    public static readonly AttributeTable<Subnet> Table = new("subnet",
    [
        StandardAttributes.Id<Subnet>(),
        StandardAttributes.Name<Subnet>(),
        .. StandardAttributes.Owner<Subnet>(),
        Attribute.Text<Subnet>("network_id", static subnet => subnet.NetworkId).PostRequired().ReadBy(Read.Uuid)
            .FilterText("r.network_id").SortBy("r.network_id"),
        Attribute.Number<Subnet>("ip_version", static subnet => subnet.IpVersion).PostRequired().ReadBy(Read.IntegerAmong(4, 6))
            .FilterNumber("r.ip_version").SortBy("r.ip_version"),
        Attribute.Text<Subnet>("subnetpool_id", static subnet => subnet.SubnetPoolId).Post().ReadBy(Read.UuidOrNull)
            .FilterText("COALESCE(r.subnetpool_id, '')").SortBy("COALESCE(r.subnetpool_id, '')"),
        Attribute.Hidden<Subnet>("use_default_subnetpool").Post(false).ReadBy(Read.Flag),
        Attribute.Text<Subnet>("cidr", static subnet => subnet.CidrText).Post().ReadBy(SubnetReaders.CidrOrNull).FilterText("r.cidr").SortBy("r.cidr"),
        Attribute.Hidden<Subnet>("prefixlen").Post().ReadBy(Read.NonNegative),
        Attribute.Text<Subnet>("gateway_ip", static subnet => subnet.GatewayIp).Post().Put().ReadBy(Read.IpOrNull)
            .FilterText("COALESCE(r.gateway_ip, '')").SortBy("COALESCE(r.gateway_ip, '')"),
        Attribute.Raw<Subnet>("allocation_pools", static subnet => subnet.Pools.Text).Post().Put().ReadBy(SubnetReaders.Pools),
        Attribute.Raw<Subnet>("dns_nameservers", static subnet => subnet.DnsNameservers.Text).Post().Put().ReadBy(SubnetReaders.Nameservers),
        Attribute.Raw<Subnet>("host_routes", static subnet => subnet.HostRoutes.Text).Post().Put().ReadBy(SubnetReaders.HostRoutes),
        Attribute.Flag<Subnet>("enable_dhcp", static subnet => subnet.EnableDhcp).Post(true).Put().ReadBy(Read.Flag)
            .FilterFlag("r.enable_dhcp").SortBy("r.enable_dhcp"),
        Attribute.Text<Subnet>("ipv6_ra_mode", static subnet => subnet.Ipv6RaMode).Post().ReadBy(Read.Among(Ipv6Modes.All))
            .FilterText("COALESCE(r.ra_mode, '')").SortBy("COALESCE(r.ra_mode, '')"),
        Attribute.Text<Subnet>("ipv6_address_mode", static subnet => subnet.Ipv6AddressMode).Post().ReadBy(Read.Among(Ipv6Modes.All))
            .FilterText("COALESCE(r.address_mode, '')").SortBy("COALESCE(r.address_mode, '')"),
        Attribute.Hidden<Subnet>("shared").FilterFlag("(SELECT n.shared FROM networks n WHERE n.id = r.network_id)"),
        .. StandardAttributes.Rest<Subnet>(),
        .. StandardAttributes.Tags<Subnet>(),
    ]);
}
