using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;

namespace Appliance.Controller.Networking.SubnetPools;

/// <summary>What makes a pool valid and what it gives. Source: neutron/ipam/subnet_alloc.py.</summary>
internal static class SubnetPoolRules
{
    public static int MaxLength(int version) => version == 4 ? 32 : 128;

    public static int DefaultMinLength(int version) => version == 4 ? 8 : 64;

    public static Fault? CheckPrefixes(IReadOnlyList<Cidr> prefixes)
    {
        if (prefixes.Count == 0)
            return SubnetPoolErrors.EmptyPrefixes;
        return prefixes.Any(prefix => prefix.Version != prefixes[0].Version) ? SubnetPoolErrors.MixedVersions : null;
    }

    public static Fault? CheckBounds(SubnetPool pool)
    {
        var (min, max, length, most) = (pool.MinPrefixLength, pool.MaxPrefixLength, pool.DefaultPrefixLength, MaxLength(pool.IpVersion));
        if (min > max)
            return SubnetPoolErrors.BadBounds("min_prefixlen", min, "max_prefixlen", max);
        if (max > most)
            return SubnetPoolErrors.BadBounds("max_prefixlen", max, "ip_version_max", most);
        if (length < min)
            return SubnetPoolErrors.BadBounds("default_prefixlen", length, "min_prefixlen", min);
        return length > max ? SubnetPoolErrors.BadBounds("default_prefixlen", length, "max_prefixlen", max) : null;
    }

    /// <summary>Whether a subnet of this size may be taken at all.</summary>
    public static Fault? CheckSize(SubnetPool pool, int length)
    {
        if (length > pool.MaxPrefixLength)
            return SubnetPoolErrors.TooSmall(length, pool.MaxPrefixLength);
        return length < pool.MinPrefixLength ? SubnetPoolErrors.TooLarge(length, pool.MinPrefixLength) : null;
    }

    /// <param name="held">What the project has of the pool already.</param>
    public static Fault? CheckQuota(SubnetPool pool, IEnumerable<Cidr> held, int length)
    {
        if (pool.DefaultQuota is not (> 0 and var quota))
            return null;
        var used = held.Sum(prefix => Units(pool.IpVersion, prefix.PrefixLength)) + Units(pool.IpVersion, length);
        return used > quota ? SubnetPoolErrors.OverQuota : null;
    }

    /// <summary>A free prefix of this length: from the smallest free block that has it, so that large ones last.</summary>
    public static Outcome<Cidr> TakeAny(SubnetPool pool, IEnumerable<Cidr> taken, int length)
    {
        var blocks = pool.Set.Without(new PrefixSet(pool.IpVersion, taken)).Prefixes
            .Where(block => block.PrefixLength <= length).OrderByDescending(static block => block.PrefixLength).ToList();
        return blocks.Count == 0
            ? SubnetPoolErrors.NoSpace($"Insufficient prefix space to allocate subnet size /{length}") : blocks[0] with { PrefixLength = length };
    }

    public static Fault? CheckFree(SubnetPool pool, IEnumerable<Cidr> taken, Cidr wanted) =>
        pool.Set.Without(new PrefixSet(pool.IpVersion, taken)).Includes(wanted)
            ? null : SubnetPoolErrors.NoSpace("Cannot allocate requested subnet from the available set of prefixes");

    // Addresses of IPv4, /64 networks of IPv6.
    private static double Units(int version, int length) => Math.Pow(2, (version == 4 ? 32 : 64) - length);
}
