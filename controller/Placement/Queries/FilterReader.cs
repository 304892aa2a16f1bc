using Appliance.Controller.Http;

namespace Appliance.Controller.Placement.Queries;

/// <summary>Reads filters of providers (placement/util.py, normalize_…_qs_param). The suffix is a group's; empty for the group without one.</summary>
internal static class FilterReader
{
    private const string Bad = "Invalid query string parameters: ";

    public static Outcome<ProviderFilter> Read(PlacementQuery query, string suffix, Microversion version)
    {
        if (ReadResources(query.Last("resources" + suffix)).Failed(out var badResources, out var resources))
            return badResources;
        if (ReadTraits(query, suffix, version).Failed(out var badTraits, out var traits))
            return badTraits;
        if (ReadAggregates(query, suffix, version).Failed(out var badAggregates, out var aggregates))
            return badAggregates;
        var tree = query.Last("in_tree" + suffix)?.Trim();
        if (tree is not null && !PlacementIds.IsUuid(tree))
            return PlacementFaults.Invalid($"{Bad}Expected 'in_tree' parameter to be a format of uuid. Got: {query.Last("in_tree" + suffix)}");
        return new ProviderFilter(resources, traits.Required, traits.Forbidden, aggregates.Required, aggregates.Forbidden, tree);
    }

    /// <summary>Reads one value of traits: <c>A,!B</c> or, where it is allowed, <c>in:A,B</c>.</summary>
    public static Outcome<(List<IReadOnlySet<string>> Required, HashSet<string> Forbidden)> ReadTraits(string value, bool allowForbidden, bool allowAny)
    {
        if (value.StartsWith("in:", StringComparison.Ordinal))
            return allowAny ? ReadAnyTraits(value) : PlacementFaults.Invalid(
                $"{Bad}The format 'in:HW_CPU_X86_VMX,CUSTOM_MAGIC' only supported since microversion 1.39. Got: {value}");

        var form = allowForbidden ? "HW_CPU_X86_VMX,!CUSTOM_MAGIC" : "HW_CPU_X86_VMX,CUSTOM_MAGIC";
        List<IReadOnlySet<string>> required = [];
        HashSet<string> forbidden = [];
        foreach (var word in value.Split(',', StringSplitOptions.TrimEntries))
        {
            var trait = word.TrimStart('!');
            if (trait.Length == 0)
                return PlacementFaults.Invalid($"{Bad}Expected 'required' parameter value of the form: {form}. Got an empty trait in: {value}");
            if (word[0] == '!')
                forbidden.Add(trait);
            else
                required.Add(new HashSet<string> { trait });
        }

        return forbidden.Count > 0 && !allowForbidden
            ? PlacementFaults.Invalid($"{Bad}Expected 'required' parameter value of the form: {form}. Got: {value}")
            : (required, forbidden);
    }

    private static Outcome<(List<IReadOnlySet<string>>, HashSet<string>)> ReadAnyTraits(string value)
    {
        var traits = value[3..].Split(',', StringSplitOptions.TrimEntries).ToHashSet();
        if (traits.Contains(""))
            return PlacementFaults.Invalid($"{Bad}Expected 'required' parameter value of the form: in:HW_CPU_X86_VMX,CUSTOM_MAGIC. "
                + $"Got an empty trait in: {value}");
        if (traits.Any(static trait => trait[0] == '!'))
            return PlacementFaults.Invalid($"{Bad}The format 'in:HW_CPU_X86_VMX,CUSTOM_MAGIC' does not support forbidden traits. Got: {value}");
        return (new List<IReadOnlySet<string>> { traits }, new HashSet<string>());
    }

    private static Outcome<Dictionary<string, long>> ReadResources(string? text)
    {
        var resources = new Dictionary<string, long>();
        if (text is null)
            return resources;
        if (text.Trim().Length == 0)
            return BadResources("empty string");
        foreach (var part in text.Split(','))
        {
            if (part.Split(':') is not [var name, var number])
                return BadResources(part);
            if (!long.TryParse(number, NumberStyles.Integer, CultureInfo.InvariantCulture, out var amount))
                return PlacementFaults.Invalid($"Requested resource {name} expected positive integer amount. Got: {number}.");
            if (amount < 1)
                return PlacementFaults.Invalid($"Requested resource {name} requires amount >= 1. Got: {amount}.");
            resources[name] = amount;
        }

        return resources;
    }

    private static Fault BadResources(string got) => PlacementFaults.Invalid(
        $"Badly formed resources parameter. Expected resources query string parameter in form: ?resources=VCPU:2,MEMORY_MB:1024. Got: {got}.");

    private static Outcome<(List<IReadOnlySet<string>> Required, HashSet<string> Forbidden)> ReadTraits(
        PlacementQuery query, string suffix, Microversion version)
    {
        var canRepeat = version >= PlacementVersions.AnyTraits;
        List<IReadOnlySet<string>> required = [];
        HashSet<string> forbidden = [];
        foreach (var value in query.All("required" + suffix).TakeLast(canRepeat ? int.MaxValue : 1))
        {
            if (ReadTraits(value, version >= PlacementVersions.ForbiddenTraits, canRepeat).Failed(out var bad, out var traits))
                return bad;
            required.AddRange(traits.Required);
            forbidden.UnionWith(traits.Forbidden);
        }

        return (required, forbidden);
    }

    private static Outcome<(List<IReadOnlySet<string>> Required, HashSet<string> Forbidden)> ReadAggregates(
        PlacementQuery query, string suffix, Microversion version)
    {
        var values = query.All("member_of" + suffix).ToList();
        if (values.Count > 1 && version < PlacementVersions.ManyMemberOf)
            return PlacementFaults.Invalid($"Multiple member_of{suffix} parameters are not supported");
        List<IReadOnlySet<string>> required = [];
        HashSet<string> forbidden = [];
        foreach (var value in values)
        {
            if (ReadAggregates(value).Failed(out var bad, out var ids))
                return bad;
            if (!ids.AreForbidden)
                required.Add(ids.Ids);
            else if (version < PlacementVersions.ForbiddenAggregates)
                return PlacementFaults.Invalid($"Forbidden member_of{suffix} parameters are not supported in the specified microversion");
            else
                forbidden.UnionWith(ids.Ids);
        }

        return (required, forbidden);
    }

    private static Outcome<(HashSet<string> Ids, bool AreForbidden)> ReadAggregates(string value)
    {
        var areForbidden = value.StartsWith('!');
        var text = areForbidden ? value[1..] : value;
        var areMany = text.StartsWith("in:", StringComparison.Ordinal);
        if (!areMany && text.Contains(',', StringComparison.Ordinal))
            return PlacementFaults.Invalid("Multiple values for 'member_of' must be prefixed with the 'in:' or '!in:' keyword using the valid "
                + $"microversion. Got: {value}");
        var ids = areMany ? text[3..].Split(',').ToHashSet() : [text];
        return ids.FirstOrDefault(static id => !PlacementIds.IsUuid(id)) is { } bad
            ? PlacementFaults.Invalid($"{Bad}Expected 'member_of' parameter to contain valid UUID(s). Got: {bad}")
            : (ids, areForbidden);
    }
}
