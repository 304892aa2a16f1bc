using System.Text.RegularExpressions;
using Appliance.Controller.Http;
using Appliance.Controller.Placement.Queries;

namespace Appliance.Controller.Placement.Candidates;

/// <summary>Reads query strings of candidates (placement/lib.py, RequestWideParams and RequestGroup).</summary>
internal static partial class CandidateQueryReader
{
    public static Outcome<CandidateQuery> Read(PlacementQuery query, Microversion version)
    {
        if (ReadRoot(query).Failed(out var badRoot, out var root))
            return badRoot;
        if (ReadSubtrees(query).Failed(out var badSubtree, out var subtrees))
            return badSubtree;
        if (ReadGroups(query, version).Failed(out var badGroup, out var groups))
            return badGroup;
        if (Check(groups, subtrees, version) is { } refused)
            return refused;

        var policy = query.All("group_policy").FirstOrDefault();
        if (policy is null && groups.Count(static group => group.IsOneProvider) > 1)
            return PlacementFaults.Invalid("The \"group_policy\" parameter is required when specifying more than one \"resources{N}\" parameter.");
        return new CandidateQuery(groups, ReadLimit(query), policy == "isolate", root.Required, root.Forbidden, subtrees,
            version >= PlacementVersions.NestedCandidates);
    }

    // The schema has seen to the digits; more of them than fit are more than there can be.
    private static int? ReadLimit(PlacementQuery query) => query.All("limit").FirstOrDefault() is not { } text ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;

    private static Outcome<(HashSet<string> Required, HashSet<string> Forbidden)> ReadRoot(PlacementQuery query)
    {
        var values = query.All("root_required").ToList();
        if (values.Count > 1)
            return PlacementFaults.Invalid("Query parameter 'root_required' may be specified only once.", PlacementFaults.DuplicateKey);
        if (values.Count == 0)
            return (new HashSet<string>(), new HashSet<string>());
        if (FilterReader.ReadTraits(values[0], allowForbidden: true, allowAny: false).Failed(out var bad, out var traits))
            return bad;
        var required = traits.Required.SelectMany(static any => any).ToHashSet();
        var conflicts = required.Intersect(traits.Forbidden).ToList();
        return conflicts.Count > 0
            ? PlacementFaults.Invalid($"Conflicting required and forbidden traits found in root_required: {string.Join(", ", conflicts)}",
                PlacementFaults.BadValue)
            : (required, traits.Forbidden);
    }

    private static Outcome<List<IReadOnlySet<string>>> ReadSubtrees(PlacementQuery query)
    {
        var subtrees = query.All("same_subtree").Select(IReadOnlySet<string> (value) => value.Split(',', StringSplitOptions.TrimEntries).ToHashSet()).ToList();
        return subtrees.Exists(static suffixes => suffixes.Contains(""))
            ? PlacementFaults.Invalid("Empty string (unsuffixed group) can not be specified in `same_subtree` ", PlacementFaults.BadValue)
            : subtrees;
    }

    private static Outcome<List<RequestGroup>> ReadGroups(PlacementQuery query, Microversion version)
    {
        var groups = new List<RequestGroup>();
        foreach (var key in query.Keys)
        {
            var match = version >= PlacementVersions.NamedGroups ? NamedKey().Match(key) : NumberedKey().Match(key);
            var suffix = match.Groups[1].Value;
            if (!match.Success || groups.Exists(group => group.Suffix == suffix))
                continue;
            if (FilterReader.Read(query, suffix, version).Failed(out var bad, out var filter))
                return bad;
            groups.Add(new RequestGroup(suffix, filter));
        }

        return groups;
    }

    private static Fault? Check(List<RequestGroup> groups, List<IReadOnlySet<string>> subtrees, Microversion version)
    {
        var refused = version >= PlacementVersions.SameSubtree ? CheckSubtrees(groups, subtrees) : CheckResources(groups);
        if (refused is not null || version < PlacementVersions.ForbiddenTraits)
            return refused;
        var contradictions = groups.Select(static group => group.Filter.Contradiction(group.Suffix)).OfType<string>().Order(StringComparer.Ordinal).ToList();
        return contradictions.Count == 0 ? null : PlacementFaults.Invalid(
            $"Conflicting required and forbidden traits found in the following traits keys: {string.Join(", ", contradictions)}");
    }

    // A group may ask for no resources when it only says where others have to be.
    private static Fault? CheckSubtrees(List<RequestGroup> groups, List<IReadOnlySet<string>> subtrees)
    {
        var empty = groups.Where(static group => group.Filter.Resources.Count == 0).Select(static group => group.Suffix).ToList();
        if (empty.Count == groups.Count)
            return PlacementFaults.Invalid("There must be at least one resources or resources[$S] parameter.", PlacementFaults.MissingValue);
        if (empty.FindAll(suffix => !subtrees.Exists(subtree => subtree.Contains(suffix))) is { Count: > 0 } loose)
            return PlacementFaults.Invalid("Resourceless suffixed group request should be specified in `same_subtree` query param: "
                + $"bad group(s) - {List(loose)}.", PlacementFaults.BadValue);
        var unknown = subtrees.SelectMany(static subtree => subtree).Distinct().Where(suffix => !groups.Exists(group => group.Suffix == suffix)).ToList();
        return unknown.Count == 0 ? null : PlacementFaults.Invalid("Real suffixes should be specified in `same_subtree`: "
            + $"{List(unknown)} not found in {List(groups.Select(static group => group.Suffix))}.", PlacementFaults.BadValue);
    }

    private static Fault? CheckResources(List<RequestGroup> groups)
    {
        var empty = groups.FindAll(static group => group.Filter.Resources.Count == 0);
        if (empty.FindAll(static group => group.Filter.RequiredTraits.Count > 0) is { Count: > 0 } traits)
            return PlacementFaults.Invalid("All traits parameters must be associated with resources.  Found the following orphaned traits keys: "
                + string.Join(", ", traits.Select(static group => "required" + group.Suffix)));
        if (empty.FindAll(static group => group.Filter.MemberOf.Count + group.Filter.ForbiddenAggregates.Count > 0) is { Count: > 0 } aggregates)
            return PlacementFaults.Invalid("All member_of parameters must be associated with resources. Found the following orphaned member_of keys: "
                + string.Join(", ", aggregates.Select(static group => "member_of" + group.Suffix)));
        if (empty.Count > 0)
            return PlacementFaults.Invalid("All request groups must specify resources.");
        return groups.Count > 0 ? null
            : PlacementFaults.Invalid("At least one request group (`resources` or `resources{$S}`) is required.");
    }

    private static string List(IEnumerable<string> suffixes) => $"[{string.Join(", ", suffixes.Select(static suffix => $"'{suffix}'"))}]";

    [GeneratedRegex($"^(?:resources|required|member_of|in_tree)({CandidateSchemas.NumberSuffix})?$")]
    private static partial Regex NumberedKey();

    [GeneratedRegex($"^(?:resources|required|member_of|in_tree)({CandidateSchemas.NameSuffix})?$")]
    private static partial Regex NamedKey();
}
