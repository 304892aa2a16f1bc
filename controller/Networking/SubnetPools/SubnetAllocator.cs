using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Attributes;

namespace Appliance.Controller.Networking.SubnetPools;

/// <summary>
/// Finds the prefix of a new subnet: the one its body names, or one of a pool. Source: neutron/db/db_base_plugin_v2.py _get_subnetpool_id,
/// neutron/db/ipam_pluggable_backend.py allocate_subnet, neutron/ipam/subnet_alloc.py.
/// </summary>
internal sealed class SubnetAllocator(SubnetPoolKind pools)
{
    /// <summary>A prefix without host bits, and the pool it is from; no pool: null.</summary>
    public readonly record struct Allocation(Cidr Cidr, string? PoolId);

    /// <summary>What a body alone can get wrong.</summary>
    public static Fault? Check(AttributeValues values)
    {
        if (values.IsSet("cidr") && values.IsSet("prefixlen"))
            return Bad("cidr and prefixlen must not be supplied together");
        var isDefault = values.Flag("use_default_subnetpool", false);
        if (isDefault && values.IsSet("subnetpool_id"))
            return Bad("subnetpool_id and use_default_subnetpool cannot both be specified");
        if (values.IsSet("cidr"))
            return null;
        if (!isDefault && !values.IsSet("subnetpool_id"))
            return Bad("a subnetpool must be specified in the absence of a cidr");
        return values.IsSet("allocation_pools") ? Bad("allocation_pools allowed only for specific subnet requests.") : null;
    }

    public async Task<Outcome<Allocation>> AllocateAsync(Session tx, Caller caller, AttributeValues values, CancellationToken ct)
    {
        if ((await FindPoolAsync(tx, caller, values, ct)).Failed(out var noPool, out var pool))
            return noPool;
        if (pool is null)
            return new Allocation(Cidr.Parse(values.Text("cidr")!).Canonical, null);

        var version = values.Number("ip_version")!.Value;
        if (version != pool.IpVersion)
            return Bad($"Cannot allocate IPv{version} subnet from IPv{pool.IpVersion} subnet pool");
        var named = Named(values, pool);
        var length = named?.PrefixLength ?? Length(values, pool);
        if (SubnetPoolRules.CheckSize(pool, length) is { } badSize)
            return badSize;

        var subnets = await tx.ListAsync("SELECT cidr, project_id FROM subnets WHERE subnetpool_id = @pool",
            static row => (Cidr: Cidr.Parse(row.String(0)), Project: row.String(1)), ct, ("pool", pool.Id));
        var held = subnets.Where(subnet => subnet.Project == values.Text("project_id")).Select(static subnet => subnet.Cidr);
        if (SubnetPoolRules.CheckQuota(pool, held, length) is { } overQuota)
            return overQuota;

        var taken = subnets.Select(static subnet => subnet.Cidr);
        if (named is { } cidr)
            return SubnetPoolRules.CheckFree(pool, taken, cidr) is { } noRoom ? noRoom : new Allocation(cidr, pool.Id);
        return SubnetPoolRules.TakeAny(pool, taken, length).Failed(out var full, out var free) ? full : new Allocation(free, pool.Id);
    }

    /// <summary>All subnets of a network and family are of one pool, or of none.</summary>
    public static async Task<Fault?> CheckAffinityAsync(Session tx, string networkId, int version, string? poolId, CancellationToken ct)
    {
        var others = await tx.CountAsync(
            """
            SELECT COUNT(*) FROM subnets
            WHERE network_id = @network AND ip_version = @version AND COALESCE(subnetpool_id, '') <> @pool
            """, ct, ("network", networkId), ("version", (long)version), ("pool", poolId ?? ""));
        return others > 0 ? SubnetPoolErrors.DifferentPool : null;
    }

    private async Task<Outcome<SubnetPool?>> FindPoolAsync(Session tx, Caller caller, AttributeValues values, CancellationToken ct)
    {
        if (values.Text("subnetpool_id") is { } id)
            return await pools.FindAsync(tx, caller, id, ct) is { } pool ? pool : SubnetPoolErrors.NotFound(id);
        if (!values.Flag("use_default_subnetpool", false))
            return (SubnetPool?)null;
        var version = values.Text("cidr") is { } cidr ? Cidr.Parse(cidr).Version : (int)values.Number("ip_version")!.Value;
        return await pools.FindDefaultAsync(tx, caller, version, ct) is { } found ? found : Bad($"No default subnetpool found for IPv{version}");
    }

    // A gateway without a prefix means the prefix that it is in.
    private static Cidr? Named(AttributeValues values, SubnetPool pool)
    {
        if (values.Text("cidr") is { } text)
            return Cidr.Parse(text).Canonical;
        if (values.Text("gateway_ip") is not { } gateway || Ip.Parse(gateway) is var ip && ip.Version != pool.IpVersion)
            return null;
        return new Cidr(ip, Math.Min(Length(values, pool), ip.Bits)).Canonical;
    }

    private static int Length(AttributeValues values, SubnetPool pool) =>
        values.Number("prefixlen") is { } length ? (int)Math.Min(length, int.MaxValue) : pool.DefaultPrefixLength;

    private static Fault Bad(string message) => NeutronErrors.Invalid("BadRequest", $"Bad subnets request: {message}.");
}
