using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking.Ports;

/// <summary>An address to store: this one, or any of the first of these subnets that has one.</summary>
internal sealed record WantedAddress(IReadOnlyList<Subnet> Choices, string? Address);

/// <summary>
/// Decides which addresses a port should have; chooses none itself. Source: neutron/db/ipam_pluggable_backend.py
/// (_allocate_ips_for_port, _test_fixed_ips_for_port, _get_auto_address_ips), ipam_backend_mixin.py (_get_changed_ips_for_port).
/// </summary>
internal sealed class AllocationPlan(Port port, IReadOnlyList<Subnet> subnets)
{
    // neutron/conf/common.py: max_fixed_ips_per_port.
    private const int MaxFixedIps = 5;

    private bool IsRouterInterface => port.DeviceOwner == DeviceOwners.RouterInterface;

    /// <summary>One address of each family that is not made by the hosts themselves.</summary>
    public Outcome<List<WantedAddress>> ByDefault()
    {
        var wanted = new List<WantedAddress>();
        foreach (var version in (int[])[4, 6])
        {
            var choices = subnets.Where(subnet => subnet.IpVersion == version && !subnet.IsAutoAddress).ToList();
            if (choices.Count > 0)
                wanted.Add(new WantedAddress(choices, null));
        }

        return wanted;
    }

    public Outcome<List<WantedAddress>> ByRequest(IReadOnlyList<FixedIpRequest> requests)
    {
        if (requests.Count > MaxFixedIps)
            return NeutronErrors.InvalidInput("Exceeded maximum amount of fixed ips per port");
        var wanted = new List<WantedAddress>();
        foreach (var request in requests)
        {
            if (FindSubnet(request).Failed(out var fault, out var subnet))
                return fault;
            if (request.IpAddress is { } address)
            {
                if (CheckAutoAddress(subnet, address) is { } auto)
                    return auto;
                wanted.Add(new WantedAddress([subnet], address));
            }
            else if (IsRouterInterface || !subnet.IsAutoAddress)
            {
                wanted.Add(new WantedAddress([subnet], null));
            }
        }

        return wanted;
    }

    /// <summary>Adds the address the host will make itself on each auto-address subnet, unless the subnet was dealt with.</summary>
    public void AddAutoAddresses(List<WantedAddress> wanted, IReadOnlyCollection<string> handledSubnetIds)
    {
        if (IsRouterInterface)
            return;
        foreach (var subnet in subnets)
        {
            var isHandled = handledSubnetIds.Contains(subnet.Id) || wanted.Any(want => want.Address is not null && want.Choices[0].Id == subnet.Id);
            if (subnet.IsAutoAddress && !isHandled)
                wanted.Add(new WantedAddress([subnet], Mac.Eui64(subnet.Cidr, port.MacAddress).ToString()));
        }
    }

    /// <summary>Matches what is asked with what is there.</summary>
    public (List<FixedIp> Kept, List<FixedIpRequest> Added, List<FixedIp> Removed) Compare(
        IReadOnlyList<FixedIp> current, IReadOnlyList<FixedIpRequest> requests)
    {
        var left = current.ToList();
        var kept = new List<FixedIp>();
        var added = new List<FixedIpRequest>();
        foreach (var request in requests.OrderBy(static request => request.IpAddress is null))
        {
            var same = left.Find(ip => request.IpAddress is { } address
                ? ip.IpAddress == address && (request.SubnetId ?? ip.SubnetId) == ip.SubnetId : ip.SubnetId == request.SubnetId);
            if (same is null)
            {
                added.Add(request);
                continue;
            }

            left.Remove(same);
            kept.Add(same);
        }

        // Addresses that hosts make themselves stay unless the port is a router's.
        var stays = left.Where(ip => !IsRouterInterface && subnets.Any(subnet => subnet.Id == ip.SubnetId && subnet.IsAutoAddress)).ToList();
        kept.AddRange(stays);
        return (kept, added, left.Except(stays).ToList());
    }

    private Outcome<Subnet> FindSubnet(FixedIpRequest request)
    {
        if (subnets.Count == 0)
            return NeutronErrors.InvalidInput("IP allocation requires subnets for network");
        if (request.SubnetId is { } id)
        {
            if (subnets.FirstOrDefault(subnet => subnet.Id == id) is not { } named)
            {
                return NeutronErrors.InvalidInput(
                    $"Failed to create port on network {port.NetworkId}, because fixed_ips included invalid subnet {id}");
            }

            return request.IpAddress is not { } address || IsUsable(named, address) ? named
                : NeutronErrors.Invalid("InvalidIpForSubnet", $"IP address {address} is not a valid IP for the specified subnet.");
        }

        if (request.IpAddress is not { } ip)
            return NeutronErrors.InvalidInput("IP allocation requires subnet_id or ip_address");
        return subnets.FirstOrDefault(subnet => IsUsable(subnet, ip)) is { } holder ? holder
            : NeutronErrors.Invalid("InvalidIpForNetwork",
                $"IP address {ip} is not a valid IP for any of the subnets on the specified network.");
    }

    private bool IsUsable(Subnet subnet, string address) =>
        SubnetRules.IsUsable(subnet.Cidr, Ip.Parse(address), port.DeviceOwner.Length == 0 || DeviceOwners.IsRouter(port.DeviceOwner));

    private Fault? CheckAutoAddress(Subnet subnet, string address)
    {
        if (!subnet.IsAutoAddress || IsRouterInterface || Mac.Eui64(subnet.Cidr, port.MacAddress) == Ip.Parse(address))
            return null;
        return NeutronErrors.Invalid("AllocationOnAutoAddressSubnet",
            $"IPv6 address {address} cannot be directly assigned to a port on subnet {subnet.Id} as the subnet is configured for automatic addresses");
    }
}
