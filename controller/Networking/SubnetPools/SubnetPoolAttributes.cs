using System.Text.Json;
using Appliance.Controller.Http.Json;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Resources;
using Attribute = Appliance.Controller.Networking.Resources.Attribute;

namespace Appliance.Controller.Networking.SubnetPools;

/// <summary>The attribute map of subnet pools. Source: neutron_lib/api/definitions/subnetpool.py.</summary>
internal static class SubnetPoolAttributes
{
    public static readonly AttributeTable<SubnetPool> Table = new("subnetpool",
    [
        StandardAttributes.Id<SubnetPool>(),
        Attribute.Text<SubnetPool>("name", static pool => pool.Name).PostRequired().Put().ReadBy(Name).FilterText("r.name").SortBy("r.name"),
        .. StandardAttributes.Owner<SubnetPool>(),
        Attribute.Raw<SubnetPool>("prefixes", static pool => pool.Prefixes.Text).PostRequired().Put().ReadBy(Prefixes),
        Attribute.Number<SubnetPool>("default_quota", static pool => pool.DefaultQuota).Post().Put().ReadBy(Read.NonNegative)
            .FilterNumber("r.default_quota").SortBy("COALESCE(r.default_quota, -1)"),
        Attribute.Number<SubnetPool>("ip_version", static pool => pool.IpVersion).FilterNumber("r.ip_version").SortBy("r.ip_version"),
        Length("default_prefixlen", static pool => pool.DefaultPrefixLength),
        Length("min_prefixlen", static pool => pool.MinPrefixLength),
        Length("max_prefixlen", static pool => pool.MaxPrefixLength),
        Attribute.Flag<SubnetPool>("is_default", static pool => pool.IsDefault).Post(false).Put().ReadBy(Read.Flag).Guarded()
            .FilterFlag("r.is_default").SortBy("r.is_default"),
        Attribute.Flag<SubnetPool>("shared", static pool => pool.Shared).Post(false).ReadBy(Read.Flag).Guarded()
            .FilterFlag("r.shared").SortBy("r.shared"),
        .. StandardAttributes.Rest<SubnetPool>(),
        .. StandardAttributes.Tags<SubnetPool>(),
    ]);

    /// <summary>A list of prefixes as text, each canonical; <c>type:subnet_list</c>.</summary>
    public static Reading Prefixes(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array)
            return Reading.Invalid($"'{PythonText.Str(value)}' is not a list");
        var given = value.EnumerateArray().Select(PythonText.Str).ToList();
        var duplicates = given.GroupBy(static text => text).Where(static group => group.Count() > 1).Select(static group => group.Key).ToList();
        if (duplicates.Count > 0)
            return Reading.Invalid($"Duplicate items in the list: '{string.Join(", ", duplicates)}'");

        var prefixes = new List<Cidr>();
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String || !Cidr.TryParse(item.GetString(), out var prefix))
                return Reading.Invalid($"'{PythonText.Str(item)}' is not a valid IP subnet");
            prefixes.Add(prefix.Canonical);
        }

        return new(prefixes);
    }

    private static Reading Name(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString()!.Trim().Length == 0
            ? Reading.Invalid($"'{value.GetString()}' Blank strings are not permitted") : Read.Name(StandardAttributes.NameLength)(value);

    // The real service shows these as text, and clients read either.
    private static ResourceAttribute<SubnetPool> Length(string name, Func<SubnetPool, int> value) =>
        Attribute.Text<SubnetPool>(name, pool => value(pool).ToString(CultureInfo.InvariantCulture)).Post().Put().ReadBy(Read.NonNegative)
            .FilterNumber($"r.{name}").SortBy($"r.{name}");
}
