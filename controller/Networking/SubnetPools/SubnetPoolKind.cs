using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.SubnetPools;

/// <summary>Subnet pools. Source: neutron/db/db_base_plugin_v2.py create_subnetpool, update_subnetpool, delete_subnetpool.</summary>
internal sealed class SubnetPoolKind(NetworkingContext context) : ResourceKind<SubnetPool>(context)
{
    public override string Name => "subnetpool";
    public override AttributeTable<SubnetPool> Attributes => SubnetPoolAttributes.Table;
    public override ResourceTable<SubnetPool> Table => SubnetPoolTable.Table;
    public override string VisibleCondition => "r.project_id = @caller_project OR r.shared = 1";
    public override Fault NotFound(string id) => SubnetPoolErrors.NotFound(id);

    public override async Task<Outcome<SubnetPool>> CreateAsync(Session tx, Requester requester, AttributeValues values, CancellationToken ct)
    {
        var prefixes = values.Object<List<Cidr>>("prefixes")!;
        if (SubnetPoolRules.CheckPrefixes(prefixes) is { } badPrefixes)
            return badPrefixes;

        var version = prefixes[0].Version;
        var min = Length(values, "min_prefixlen") ?? SubnetPoolRules.DefaultMinLength(version);
        var pool = Begin(new SubnetPool
        {
            Prefixes = Compact(prefixes),
            IpVersion = version,
            MinPrefixLength = min,
            MaxPrefixLength = Length(values, "max_prefixlen") ?? SubnetPoolRules.MaxLength(version),
            DefaultPrefixLength = Length(values, "default_prefixlen") ?? min,
            DefaultQuota = values.Number("default_quota"),
            IsDefault = values.Flag("is_default", false),
            Shared = values.Flag("shared", false),
        }, values);
        if (SubnetPoolRules.CheckBounds(pool) is { } badBounds)
            return badBounds;
        if (pool.IsDefault && await FindDefaultAsync(tx, requester.Caller, version, ct) is not null)
            return SubnetPoolErrors.DefaultExists;

        await Table.InsertAsync(tx, pool, ct);
        return pool;
    }

    public override async Task<Outcome<SubnetPool>> UpdateAsync(
        Session tx, Requester requester, SubnetPool current, AttributeValues changes, CancellationToken ct)
    {
        var changed = Change(current, changes) with
        {
            MinPrefixLength = Length(changes, "min_prefixlen") ?? current.MinPrefixLength,
            MaxPrefixLength = Length(changes, "max_prefixlen") ?? current.MaxPrefixLength,
            DefaultPrefixLength = Length(changes, "default_prefixlen") ?? current.DefaultPrefixLength,
            DefaultQuota = changes.Number("default_quota") ?? current.DefaultQuota,
            IsDefault = changes.Flag("is_default", current.IsDefault),
        };
        if (changes.Object<List<Cidr>>("prefixes") is { } prefixes)
        {
            if (SubnetPoolRules.CheckPrefixes([.. current.Prefixes.Items.Select(Cidr.Parse), .. prefixes]) is { } badPrefixes)
                return badPrefixes;
            if (!new PrefixSet(current.IpVersion, prefixes).Includes(current.Set))
                return SubnetPoolErrors.BadUpdate("Existing prefixes must be a subset of the new prefixes");
            changed = changed with { Prefixes = Compact(prefixes) };
        }

        if (SubnetPoolRules.CheckBounds(changed) is { } badBounds)
            return badBounds;
        if (changed.IsDefault && !current.IsDefault && await FindDefaultAsync(tx, requester.Caller, current.IpVersion, ct) is not null)
            return SubnetPoolErrors.DefaultExists;

        await Table.UpdateAsync(tx, changed, ct);
        return changed;
    }

    public override async Task<Fault?> DeleteAsync(Session tx, Requester requester, SubnetPool current, CancellationToken ct)
    {
        if (await tx.CountAsync("SELECT COUNT(*) FROM subnets WHERE subnetpool_id = @id", ct, ("id", current.Id)) > 0)
            return SubnetPoolErrors.InUse;
        await Table.DeleteAsync(tx, current.Id, ct);
        return null;
    }

    /// <summary>The default pool of the family that the caller sees.</summary>
    public async Task<SubnetPool?> FindDefaultAsync(Session tx, Caller caller, int version, CancellationToken ct)
    {
        var pools = await Table.ListAsync(tx, "r.is_default = 1 AND r.ip_version = @version", ct, ("version", (long)version));
        return pools.FirstOrDefault(pool => caller.IsAdmin || pool.Shared || pool.ProjectId == caller.ProjectId);
    }

    /// <summary>As few prefixes as say the same.</summary>
    public static JsonList<string> Compact(IReadOnlyList<Cidr> prefixes) => JsonList<string>.Of(
        [.. new PrefixSet(prefixes[0].Version, prefixes).Prefixes.Select(static prefix => prefix.ToString())], NetworkingJson.Default.ListString);

    private static int? Length(AttributeValues values, string name) =>
        values.Number(name) is { } length ? (int)Math.Min(length, int.MaxValue) : null;
}
