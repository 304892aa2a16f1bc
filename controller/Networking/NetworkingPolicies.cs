namespace Appliance.Controller.Networking;

/// <summary>Policy rules of operations that upstream opens to every token without naming a rule.</summary>
internal static class NetworkingPolicies
{
    /// <summary>Anybody with a token; the handler may ask more.</summary>
    public const string AnyCaller = "networking_any_caller";

    /// <summary>Besides the above, the rules that ask whose network a port is on. Source: neutron/conf/policies/{base,port}.py.</summary>
    public const string Yaml = $"""
        "{AnyCaller}": ""
        "network_owner": "project_id:%(network:project_id)s"
        "shared": "'True':%(network:shared)s"
        "network_device": "'True':%(network_device)s"
        "admin_or_network_owner_member": "rule:service_or_admin or (role:member and rule:network_owner)"
        "create_port:device_owner": "not rule:network_device or rule:admin_or_network_owner_member"
        "create_port:mac_address": "rule:admin_or_network_owner_member"
        "create_port:fixed_ips": "rule:admin_or_network_owner_member or rule:shared"
        "create_port:fixed_ips:ip_address": "rule:admin_or_network_owner_member"
        "create_port:fixed_ips:subnet_id": "rule:admin_or_network_owner_member or rule:shared"
        "create_port:port_security_enabled": "rule:admin_or_network_owner_member"
        "create_port:allowed_address_pairs": "rule:admin_or_network_owner_member"
        "create_port:allowed_address_pairs:mac_address": "rule:admin_or_network_owner_member"
        "create_port:allowed_address_pairs:ip_address": "rule:admin_or_network_owner_member"
        "update_port:device_owner": "not rule:network_device or rule:admin_or_network_owner_member"
        "update_port:fixed_ips": "rule:admin_or_network_owner_member"
        "update_port:fixed_ips:ip_address": "rule:admin_or_network_owner_member"
        "update_port:fixed_ips:subnet_id": "rule:admin_or_network_owner_member or rule:shared"
        "update_port:port_security_enabled": "rule:admin_or_network_owner_member"
        "update_port:allowed_address_pairs": "rule:admin_or_network_owner_member"
        "update_port:allowed_address_pairs:mac_address": "rule:admin_or_network_owner_member"
        "update_port:allowed_address_pairs:ip_address": "rule:admin_or_network_owner_member"

        """;
}
