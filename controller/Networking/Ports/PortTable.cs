using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.Ports;

/// <summary>Rows of ports. What lists inside a port say is also in two tables that queries need: addresses and groups.</summary>
internal static class PortTable
{
    public const string Ddl = $"""
        CREATE TABLE ports (
            {ResourceTable<Port>.StandardDdl}, network_id TEXT NOT NULL, admin_state_up BIGINT NOT NULL, status TEXT NOT NULL, mac_address TEXT NOT NULL,
            device_id TEXT NOT NULL, device_owner TEXT NOT NULL, fixed_ips TEXT NOT NULL, security_groups TEXT NOT NULL,
            address_pairs TEXT NOT NULL, dhcp_options TEXT NOT NULL, port_security BIGINT NOT NULL, host_id TEXT NOT NULL, node_id TEXT,
            vnic_type TEXT NOT NULL, profile TEXT NOT NULL, dns_name TEXT NOT NULL, nic_tag TEXT,
            nic_order BIGINT NOT NULL, server_owned BIGINT NOT NULL);
        CREATE INDEX ports_project ON ports (project_id);
        CREATE UNIQUE INDEX ports_mac ON ports (network_id, mac_address);
        CREATE INDEX ports_device ON ports (device_id);
        CREATE INDEX ports_node ON ports (node_id) WHERE node_id IS NOT NULL;
        CREATE TABLE ip_allocations (
            subnet_id TEXT NOT NULL, ip_address TEXT NOT NULL, port_id TEXT NOT NULL, PRIMARY KEY (subnet_id, ip_address));
        CREATE INDEX ip_allocations_port ON ip_allocations (port_id);
        CREATE TABLE port_security_groups (group_id TEXT NOT NULL, port_id TEXT NOT NULL, PRIMARY KEY (group_id, port_id));
        CREATE INDEX port_security_groups_port ON port_security_groups (port_id);
        """;

    public static readonly ResourceTable<Port> Table = new("ports",
    [
        ("network_id", static port => port.NetworkId),
        ("admin_state_up", static port => port.AdminStateUp),
        ("status", static port => port.Status),
        ("mac_address", static port => port.MacAddress),
        ("device_id", static port => port.DeviceId),
        ("device_owner", static port => port.DeviceOwner),
        ("fixed_ips", static port => port.FixedIps.Text),
        ("security_groups", static port => port.SecurityGroupIds.Text),
        ("address_pairs", static port => port.AddressPairs.Text),
        ("dhcp_options", static port => port.DhcpOptions.Text),
        ("port_security", static port => port.PortSecurityEnabled),
        ("host_id", static port => port.HostId),
        ("node_id", static port => port.NodeId),
        ("vnic_type", static port => port.VnicType),
        ("profile", static port => port.Profile),
        ("dns_name", static port => port.DnsName),
        ("nic_tag", static port => port.NicTag),
        ("nic_order", static port => port.NicOrder),
        ("server_owned", static port => port.IsServerOwned),
    ],
    static row => new Port
    {
        NetworkId = row.String(Own),
        AdminStateUp = row.Bool(Own + 1),
        Status = row.String(Own + 2),
        MacAddress = row.String(Own + 3),
        DeviceId = row.String(Own + 4),
        DeviceOwner = row.String(Own + 5),
        FixedIps = new(row.String(Own + 6), NetworkingJson.Default.ListFixedIp),
        SecurityGroupIds = new(row.String(Own + 7), NetworkingJson.Default.ListString),
        AddressPairs = new(row.String(Own + 8), NetworkingJson.Default.ListAddressPair),
        DhcpOptions = new(row.String(Own + 9), NetworkingJson.Default.ListDhcpOption),
        PortSecurityEnabled = row.Bool(Own + 10),
        HostId = row.String(Own + 11),
        NodeId = row.NullableString(Own + 12),
        VnicType = row.String(Own + 13),
        Profile = row.String(Own + 14),
        DnsName = row.String(Own + 15),
        NicTag = row.NullableString(Own + 16),
        NicOrder = row.Int64(Own + 17),
        IsServerOwned = row.Bool(Own + 18),
    });

    private const int Own = ResourceTable<Port>.OwnColumns;
}
