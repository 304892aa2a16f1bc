using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.Subnets;

/// <summary>Rows of subnets.</summary>
internal static class SubnetTable
{
    public const string Ddl = $"""
        CREATE TABLE subnets (
            {ResourceTable<Subnet>.StandardDdl}, network_id TEXT NOT NULL, ip_version BIGINT NOT NULL, cidr TEXT NOT NULL, gateway_ip TEXT,
            enable_dhcp BIGINT NOT NULL, ra_mode TEXT, address_mode TEXT, dns_nameservers TEXT NOT NULL, host_routes TEXT NOT NULL,
            pools TEXT NOT NULL);
        CREATE INDEX subnets_project ON subnets (project_id);
        CREATE INDEX subnets_network ON subnets (network_id);
        """;

    public static readonly ResourceTable<Subnet> Table = new("subnets",
    [
        ("network_id", static subnet => subnet.NetworkId),
        ("ip_version", static subnet => subnet.IpVersion),
        ("cidr", static subnet => subnet.CidrText),
        ("gateway_ip", static subnet => subnet.GatewayIp),
        ("enable_dhcp", static subnet => subnet.EnableDhcp),
        ("ra_mode", static subnet => subnet.Ipv6RaMode),
        ("address_mode", static subnet => subnet.Ipv6AddressMode),
        ("dns_nameservers", static subnet => subnet.DnsNameservers.Text),
        ("host_routes", static subnet => subnet.HostRoutes.Text),
        ("pools", static subnet => subnet.Pools.Text),
        ("subnetpool_id", static subnet => subnet.SubnetPoolId),
    ],
    static row => new Subnet
    {
        NetworkId = row.String(Own),
        IpVersion = row.Int32(Own + 1),
        CidrText = row.String(Own + 2),
        GatewayIp = row.NullableString(Own + 3),
        EnableDhcp = row.Bool(Own + 4),
        Ipv6RaMode = row.NullableString(Own + 5),
        Ipv6AddressMode = row.NullableString(Own + 6),
        DnsNameservers = new(row.String(Own + 7), NetworkingJson.Default.ListString),
        HostRoutes = new(row.String(Own + 8), NetworkingJson.Default.ListHostRoute),
        Pools = new(row.String(Own + 9), NetworkingJson.Default.ListAllocationPool),
        SubnetPoolId = row.NullableString(Own + 10),
    });

    private const int Own = ResourceTable<Subnet>.OwnColumns;
}
