namespace Appliance.Controller.Networking.Extensions;

/// <summary>An extension of the Networking API that works here. Source: neutron_lib/api/definitions (ALIAS, NAME, UPDATED_TIMESTAMP).</summary>
internal sealed record Extension(string Alias, string Name, string Description, string Updated);

/// <summary>What this service can do beyond the core; clients and test suites believe this list, so nothing is on it that does not work.</summary>
internal static class ExtensionList
{
    public static readonly IReadOnlyList<Extension> All =
    [
        new("agent", "agent", "Nodes that serve networks, as agents.", "2013-02-03T10:00:00-00:00"),
        new("allowed-address-pairs", "Allowed Address Pairs", "Further addresses a port may send from.", "2013-07-23T10:00:00-00:00"),
        new("availability_zone", "Availability Zone", "Zones that networks and routers can be in.", "2015-01-01T10:00:00-00:00"),
        new("binding", "Port Binding", "Which node has a port, for administrators.", "2014-02-03T10:00:00-00:00"),
        new("default-subnetpools", "Default Subnetpools", "A pool that subnets are taken from unless they say otherwise.", "2016-02-18T18:00:00-00:00"),
        new("empty-string-filtering", "Empty String Filtering Extension", "Lists filter by the empty string.", "2018-05-01T10:00:00-00:00"),
        new("external-net", "Neutron external network", "Networks that lead outside.", "2013-01-14T10:00:00-00:00"),
        new("extra_dhcp_opt", "Neutron Extra DHCP options", "DHCP options of single ports.", "2013-03-17T12:00:00-00:00"),
        new("extraroute", "Neutron Extra Route", "Static routes of routers.", "2013-02-01T10:00:00-00:00"),
        new("extraroute-atomic", "Atomically add/remove extra routes", "Static routes one by one.", "2019-07-10T00:00:00-00:00"),
        new("ext-gw-mode", "Neutron L3 Configurable external gateway mode", "Gateways without source NAT.", "2013-03-28T10:00:00-00:00"),
        new("filter-validation", "Filter parameters validation", "Unknown filters are refused.", "2018-03-21T10:00:00-00:00"),
        new("fip-port-details", "Floating IP Port Details Extension", "The port behind a floating IP, in its view.", "2018-04-09T10:00:00-00:00"),
        new("ip-substring-filtering", "IP address substring filtering", "Ports by a part of their address.", "2017-11-28T09:00:00-00:00"),
        new("net-mtu", "Network MTU", "The MTU of networks.", "2015-03-25T10:00:00-00:00"),
        new("net-mtu-writable", "Network MTU (writable)", "The MTU of networks can be chosen.", "2017-07-12T00:00:00-00:00"),
        new("network-ip-availability", "Network IP Availability", "How full networks and subnets are.", "2015-09-24T00:00:00-00:00"),
        new("network_availability_zone", "Network Availability Zone", "Zone hints of networks.", "2015-01-01T10:00:00-00:00"),
        new("pagination", "Pagination support", "Lists in pages.", "2016-06-12T00:00:00-00:00"),
        new("port-mac-address-regenerate", "Neutron Port MAC address regenerate", "A null MAC address asks for a new one.", "2018-05-03T10:00:00-00:00"),
        new("port-security", "Port Security", "Ports and networks without filtering.", "2012-07-23T10:00:00-00:00"),
        new("project-id", "project_id field enabled", "project_id beside tenant_id.", "2016-09-09T09:09:09-09:09"),
        new("provider", "Provider Network", "How a network is made, for administrators.", "2012-09-07T10:00:00-00:00"),
        new("quota_details", "Quota details management support", "Use beside the limits.", "2017-02-10T10:00:00-00:00"),
        new("quotas", "Quota management support", "Limits of projects.", "2012-07-29T10:00:00-00:00"),
        new("revision-if-match", "If-Match constraints based on revision_number", "Changes only at a known revision.", "2016-12-11T00:00:00-00:00"),
        new("router", "Neutron L3 Router", "Routers and floating IPs.", "2012-07-20T10:00:00-00:00"),
        new("router_availability_zone", "Router Availability Zone", "Zone hints of routers.", "2015-01-01T10:00:00-00:00"),
        new("security-group", "security-group", "Security groups and their rules.", "2012-10-05T10:00:00-00:00"),
        new("security-groups-normalized-cidr", "Normalized CIDR field for security group rules", "The prefix of a rule without host bits.",
            "2020-05-18T10:00:00-00:00"),
        new("service-type", "Neutron Service Type Management", "Providers of network services.", "2013-01-20T00:00:00-00:00"),
        new("sorting", "Sorting support", "Lists in an order.", "2016-06-12T00:00:00-00:00"),
        new("standard-attr-description", "standard-attr-description", "Descriptions of resources.", "2016-02-10T10:00:00-00:00"),
        new("standard-attr-revisions", "Resource revision numbers", "Counts the changes of resources.", "2016-04-11T10:00:00-00:00"),
        new("standard-attr-tag", "Tag support for resources with standard attribute: port, subnet, subnetpool, router, network, security_group, floatingip",
            "Tags on resources.", "2017-01-01T00:00:00-00:00"),
        new("standard-attr-timestamp", "Resource timestamps", "When resources were made and changed.", "2016-09-12T10:00:00-00:00"),
        new("stateful-security-group", "Stateful security group", "Groups without connection tracking.", "2019-11-26T09:00:00-00:00"),
        new("subnet_allocation", "Subnet Allocation", "Subnets from subnet pools.", "2015-03-30T10:00:00-00:00"),
        new("subnetpool-prefix-ops", "Subnet Pool Prefix Operations", "Prefixes of pools one by one.", "2019-02-08T10:00:00-00:00"),
    ];
}
