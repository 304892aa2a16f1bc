using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Networks;

namespace Appliance.Controller.Networking.Subnets;

/// <summary>
/// What makes a subnet valid. Source: neutron/db/db_base_plugin_v2.py _validate_subnet and its helpers, neutron/db/ipam_backend_mixin.py,
/// neutron/ipam/utils.py.
/// </summary>
internal static class SubnetRules
{
    // neutron/conf/common.py: max_dns_nameservers, max_subnet_host_routes.
    private const int MaxNameservers = 5;
    private const int MaxHostRoutes = 20;

    // RFC 791 and RFC 8200: the smallest MTU a link may have for the family.
    private const int Ipv4MinMtu = 68;
    private const int Ipv6MinMtu = 1280;

    /// <summary>Everything that one subnet alone can violate. <paramref name="before"/> is null for a new one.</summary>
    public static Fault? Check(Subnet subnet, Subnet? before)
    {
        var cidr = subnet.Cidr;
        if (before is null && CheckVersion(subnet.IpVersion, cidr.Version, subnet.CidrText, "cidr") is { } badCidr)
            return badCidr;
        if (cidr.Version == 6 && cidr.First.Value == 0)
            return NeutronErrors.InvalidInput("IPv6 subnet '::' is not supported");
        if (subnet.EnableDhcp && before?.EnableDhcp != true && CheckDhcp(cidr) is { } dhcp)
            return dhcp;
        return CheckGateway(subnet) ?? CheckNameservers(subnet) ?? CheckRoutes(subnet) ?? CheckModes(subnet, before);
    }

    public static Fault? CheckMtu(Network network, int ipVersion)
    {
        if (network.Mtu >= Ipv6MinMtu)
            return null;
        var min = network.Mtu < Ipv4MinMtu ? Ipv4MinMtu : ipVersion == 6 ? Ipv6MinMtu : 0;
        return min == 0 ? null : NeutronErrors.Conflict("NetworkMTUSubnetConflict",
            $"MTU of {network.Id} is not valid, subnet requires a minimum of {min}");
    }

    public static Fault? CheckOverlap(Cidr cidr, string networkId, IEnumerable<Cidr> others)
    {
        if (cidr.PrefixLength == 0)
            return NeutronErrors.InvalidInput("0 is not allowed as CIDR prefix length");
        return others.Any(cidr.Overlaps)
            ? NeutronErrors.InvalidInput($"Requested subnet with cidr: {cidr} for network: {networkId} overlaps with another subnet") : null;
    }

    /// <summary>All usable addresses but the gateway.</summary>
    public static List<AllocationPool> DefaultPools(Cidr cidr, Ip? gateway)
    {
        var (first, last) = Usable(cidr);
        if (cidr.First == cidr.Last)
            return [new(first.ToString(), last.ToString())];
        if (gateway is not { } hole || hole < first || hole > last)
            return [new(first.ToString(), last.ToString())];

        var pools = new List<AllocationPool>();
        if (hole > first)
            pools.Add(new(first.ToString(), (hole with { Value = hole.Value - 1 }).ToString()));
        if (hole < last)
            pools.Add(new(hole.Next(1).ToString(), last.ToString()));
        return pools;
    }

    public static Fault? CheckPools(IReadOnlyList<AllocationPool> pools, Cidr cidr)
    {
        var (first, last) = Usable(cidr);
        foreach (var pool in pools)
        {
            var range = pool.Range;
            if (range.Start.Version != range.End.Version || range.Start > range.End)
                return NeutronErrors.Invalid("InvalidAllocationPool", $"The allocation pool {range} is not valid.");
            if (range.Start.Version != cidr.Version)
                return NeutronErrors.Invalid("InvalidAllocationPool", $"The allocation pool {range} is not valid.");
            if (range.Start < first || range.End > last)
            {
                return NeutronErrors.Invalid("OutOfBoundsAllocationPool",
                    $"The allocation pool {range} spans beyond the subnet cidr {cidr}.");
            }
        }

        for (var left = 0; left < pools.Count; left++)
        {
            for (var right = left + 1; right < pools.Count; right++)
            {
                if (pools[left].Range.Overlaps(pools[right].Range))
                {
                    return NeutronErrors.Conflict("OverlappingAllocationPools",
                        $"Found overlapping allocation pools: {pools[left].Range} {pools[right].Range} for subnet {cidr}.");
                }
            }
        }

        return null;
    }

    public static Fault? CheckGatewayOutsidePools(string? gateway, IEnumerable<AllocationPool> pools)
    {
        if (gateway is null)
            return null;
        var ip = Ip.Parse(gateway);
        return pools.FirstOrDefault(pool => pool.Range.Contains(ip)) is { } pool
            ? NeutronErrors.Conflict("GatewayConflictWithAllocationPools", $"Gateway ip {gateway} conflicts with allocation pool {pool.Range}.") : null;
    }

    /// <summary>Whether a port may have this address here; <c>check_subnet_ip</c>.</summary>
    public static bool IsUsable(Cidr cidr, Ip ip, bool isRouterPort)
    {
        if (!cidr.Contains(ip))
            return false;
        return cidr.Version == 4 ? ip != cidr.First && ip != cidr.Last : isRouterPort || ip != cidr.First;
    }

    private static (Ip First, Ip Last) Usable(Cidr cidr)
    {
        var (first, last) = (cidr.First, cidr.Last);
        if (first == last)
            return (first, last);
        if (cidr.Version == 6)
            return (first.Next(1), last);
        return cidr.PrefixLength <= 30 ? (first.Next(1), last with { Value = last.Value - 1 }) : (first, last);
    }

    private static Fault? CheckVersion(int expected, int actual, string address, string name) => expected == actual ? null
        : NeutronErrors.InvalidInput($"{name} '{address}' does not match the ip_version '{expected}'");

    private static Fault? CheckDhcp(Cidr cidr)
    {
        if (cidr.PrefixLength > (cidr.Version == 4 ? 30 : 126))
            return NeutronErrors.InvalidInput("Subnet has a prefix length that is incompatible with DHCP service enabled");
        if (cidr.Overlaps(cidr.Version == 4 ? Cidr.Parse("224.0.0.0/4") : Cidr.Parse("ff00::/8")))
            return NeutronErrors.InvalidInput("Multicast IP subnet is not supported if enable_dhcp is True");
        if (cidr.Version == 4 ? Cidr.Parse("127.0.0.0/8").Contains(cidr.First) : cidr.Canonical == Cidr.Parse("::1/128"))
            return NeutronErrors.InvalidInput("Loopback IP subnet is not supported if enable_dhcp is True");
        return cidr.Version == 4 && cidr.First.Value == 0
            ? NeutronErrors.InvalidInput("First IP '0.0.0.0' of network is not supported if enable_dhcp is True.") : null;
    }

    private static Fault? CheckGateway(Subnet subnet)
    {
        if (subnet.GatewayIp is not { } text)
            return null;
        var (gateway, cidr) = (Ip.Parse(text), subnet.Cidr);
        if (CheckVersion(subnet.IpVersion, gateway.Version, text, "gateway_ip") is { } version)
            return version;
        return cidr.Version == 4 && (gateway == cidr.First || gateway == cidr.Last)
            ? NeutronErrors.InvalidInput("Gateway is not valid on subnet") : null;
    }

    private static Fault? CheckNameservers(Subnet subnet)
    {
        var servers = subnet.DnsNameservers.Items;
        if (servers.Count > MaxNameservers)
        {
            return NeutronErrors.Invalid("DNSNameServersExhausted",
                $"Unable to complete operation for {Named(subnet)}. The number of DNS nameservers exceeds the limit {MaxNameservers}.");
        }

        return servers.Select(server => CheckVersion(subnet.IpVersion, Ip.Parse(server).Version, server, "dns_nameserver"))
            .FirstOrDefault(static fault => fault is not null);
    }

    private static Fault? CheckRoutes(Subnet subnet)
    {
        var routes = subnet.HostRoutes.Items;
        if (routes.Count > MaxHostRoutes)
        {
            return NeutronErrors.Invalid("HostRoutesExhausted",
                $"Unable to complete operation for {Named(subnet)}. The number of host routes exceeds the limit {MaxHostRoutes}.");
        }

        return routes.Select(route => CheckVersion(subnet.IpVersion, Ip.Parse(route.Nexthop).Version, route.Nexthop, "nexthop")
                ?? CheckVersion(subnet.IpVersion, Cidr.Parse(route.Destination).Version, route.Destination, "destination"))
            .FirstOrDefault(static fault => fault is not null);
    }

    private static Fault? CheckModes(Subnet subnet, Subnet? before)
    {
        var (ra, address) = (subnet.Ipv6RaMode, subnet.Ipv6AddressMode);
        if (subnet.IpVersion == 4)
        {
            var named = ra is not null ? "ipv6_ra_mode" : address is not null ? "ipv6_address_mode" : null;
            return named is null ? null : NeutronErrors.InvalidInput($"{named} is not valid when ip_version is 4");
        }

        if (ra is null && address is null)
            return null;
        if (!subnet.EnableDhcp)
        {
            return NeutronErrors.InvalidInput(before is null
                ? "ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False"
                : "Cannot disable enable_dhcp with ipv6 attributes set");
        }

        if (ra is not null && address is not null && ra != address)
        {
            return NeutronErrors.InvalidInput(
                $"ipv6_ra_mode set to '{ra}' with ipv6_address_mode set to '{address}' is not valid. " +
                "If both attributes are set, they must be the same value");
        }

        return subnet.IsAutoAddress && subnet.Cidr.PrefixLength != 64 ? NeutronErrors.InvalidInput(
            $"Invalid CIDR {subnet.CidrText} for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires the prefix to be /64") : null;
    }

    private static string Named(Subnet subnet) => subnet.Id.Length > 0 ? subnet.Id : "new subnet";
}
