using Appliance.Controller.Data;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking.IpAvailability;

/// <summary>How many addresses of a network's subnets there are and are in use.</summary>
internal sealed record NetworkUse(string Id, string Name, string ProjectId, IReadOnlyList<SubnetUse> Subnets)
{
    /// <summary>Networks in order of their ids; those of <paramref name="id"/> only when it is not null.</summary>
    public static async Task<List<NetworkUse>> ListAsync(Session tx, string? id, CancellationToken ct)
    {
        var networks = await tx.ListAsync("SELECT id, name, project_id FROM networks WHERE @id IS NULL OR id = @id ORDER BY id",
            static row => (Id: row.String(0), Name: row.String(1), Project: row.String(2)), ct, ("id", id));
        var subnets = await tx.ListAsync(
            """
            SELECT s.network_id, s.id, s.name, s.cidr, s.pools, (SELECT COUNT(*) FROM ip_allocations a WHERE a.subnet_id = s.id)
            FROM subnets s WHERE @id IS NULL OR s.network_id = @id ORDER BY s.created_at, s.id
            """,
            static row => (Network: row.String(0), Use: new SubnetUse(row.String(1), row.String(2), Cidr.Parse(row.String(3)), Total(row), row.Int64(5))),
            ct, ("id", id));
        var byNetwork = subnets.ToLookup(static row => row.Network, static row => row.Use);
        return [.. networks.Select(network => new NetworkUse(network.Id, network.Name, network.Project, [.. byNetwork[network.Id]]))];
    }

    // Without pools, all of the prefix; netaddr counts a whole one of IPv6 as 2^128, which no subnet is.
    private static UInt128 Total(Row row)
    {
        var pools = new JsonList<AllocationPool>(row.String(4), NetworkingJson.Default.ListAllocationPool).Items;
        var cidr = Cidr.Parse(row.String(3));
        return pools.Count == 0
            ? new AddressRange(cidr.First, cidr.Last).Size
            : pools.Aggregate(UInt128.Zero, static (sum, pool) => sum + pool.Range.Size);
    }
}

/// <param name="Total">Addresses that ports can be given.</param>
/// <param name="Used">Addresses that ports have, router interfaces among them.</param>
internal sealed record SubnetUse(string Id, string Name, Cidr Cidr, UInt128 Total, long Used);
