using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking.Routers;

/// <summary>What routers may join and where routes may lead. Source: neutron/db/{l3_db,extraroute_db}.py.</summary>
internal static class RouterRules
{
    // neutron/conf/db/extraroute_db.py: max_routes.
    private const int MaxRoutes = 30;

    /// <summary>Each subnet once, and no two that overlap: a router could not tell where an address is.</summary>
    public static Fault? CheckSubnets(IReadOnlyList<Subnet> attached, IReadOnlyList<Subnet> added)
    {
        foreach (var subnet in added)
        {
            if (attached.Any(other => other.Id == subnet.Id))
                return RouterErrors.Bad($"Router already has a port on subnet {subnet.Id}");
            if (attached.FirstOrDefault(other => other.Cidr.Overlaps(subnet.Cidr)) is { } overlapping)
            {
                return RouterErrors.Bad(
                    $"Cidr {subnet.CidrText} of subnet {subnet.Id} overlaps with cidr {overlapping.CidrText} of subnet {overlapping.Id}");
            }
        }

        return null;
    }

    /// <param name="subnets">All the router is attached to.</param>
    /// <param name="ownAddresses">All the router has.</param>
    public static Fault? CheckRoutes(string routerId, IReadOnlyList<HostRoute> routes, IEnumerable<Cidr> subnets, IReadOnlyCollection<string> ownAddresses)
    {
        if (routes.Count > MaxRoutes)
            return RouterErrors.RoutesExhausted(routerId, MaxRoutes);
        var reachable = subnets.ToList();
        foreach (var route in routes)
        {
            var nextHop = Ip.Parse(route.Nexthop);
            if (!reachable.Any(subnet => subnet.Contains(nextHop)))
                return RouterErrors.InvalidRoutes(Quote(routes), "the nexthop is not connected with router");
            if (ownAddresses.Contains(nextHop.ToString()))
                return RouterErrors.InvalidRoutes(Quote(routes), "the nexthop is used by router");
        }

        return null;
    }

    private static string Quote(IReadOnlyList<HostRoute> routes) =>
        $"[{string.Join(", ", routes.Select(static route => $"{{'destination': '{route.Destination}', 'nexthop': '{route.Nexthop}'}}"))}]";
}
