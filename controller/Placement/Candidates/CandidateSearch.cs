using Appliance.Controller.Http;
using Appliance.Controller.Placement.Providers;

namespace Appliance.Controller.Placement.Candidates;

/// <summary>
/// Finds the ways to satisfy all groups of a query at once, each within one tree and what is shared with it. Source:
/// placement/objects/allocation_candidate.py, _merge_candidates.
/// </summary>
internal sealed class CandidateSearch(ProviderMap map, CandidateQuery query)
{
    private readonly bool _hasTrees = map.HasTrees;

    /// <summary>The candidates; a fault when something is asked for that does not exist.</summary>
    public Outcome<CandidateList> Find(CancellationToken ct)
    {
        if (query.RootRequired.Concat(query.RootForbidden).FirstOrDefault(trait => !map.KnowsTrait(trait)) is { } unknown)
            return PlacementFaults.Invalid($"No such trait(s): {unknown}.");
        var roots = FindRoots();
        if (roots is { Count: 0 })
            return CandidateList.Empty;

        var choices = new List<ILookup<string, GroupChoice>>();
        foreach (var group in query.Groups)
        {
            if (CheckNames(group) is { } refused)
                return refused;
            choices.Add(GroupSearch.Find(map, group, roots).ToLookup(static choice => choice.AnchorId));
            if (choices[^1].Count == 0)
                return CandidateList.Empty;
        }

        return Collect(choices, ct);
    }

    private HashSet<string>? FindRoots() => query.RootRequired.Count + query.RootForbidden.Count == 0 ? null
        : [.. map.All.Where(provider => provider.Provider.ParentId is null
            && query.RootRequired.IsSubsetOf(provider.Traits) && !query.RootForbidden.Overlaps(provider.Traits)).Select(static provider => provider.Id)];

    private Fault? CheckNames(RequestGroup group)
    {
        if (map.FindUnknownClass(group.Filter) is { } resourceClass)
            return PlacementFaults.Invalid($"Invalid resource class in resources parameter: No such resource class {resourceClass}.");
        return map.FindUnknownTrait(group.Filter) is { } trait ? PlacementFaults.Invalid($"No such trait(s): {trait}.") : null;
    }

    private CandidateList Collect(List<ILookup<string, GroupChoice>> choices, CancellationToken ct)
    {
        var candidates = new List<Candidate>();
        var seen = new HashSet<string>();
        foreach (var candidate in Merge(choices, ct))
        {
            // One that only uses what is shared comes up for every tree that it is shared with.
            if (!seen.Add(Fingerprint(candidate)))
                continue;
            candidates.Add(candidate);
            if (candidates.Count == query.Limit)
                break;
        }

        return new CandidateList(candidates, Summaries(candidates));
    }

    private IEnumerable<Candidate> Merge(List<ILookup<string, GroupChoice>> choices, CancellationToken ct)
    {
        foreach (var anchor in choices[0].Select(static same => same.Key))
        {
            var lists = choices.ConvertAll(byAnchor => byAnchor[anchor].ToList());
            foreach (var combination in Combinations.Of(lists, beginning => HasRoom(beginning) && IsIsolatedEnough(beginning)))
            {
                ct.ThrowIfCancellationRequested();
                if (query.SameSubtrees.All(suffixes => IsOneSubtree(combination, suffixes))
                    && ToCandidate(combination) is var candidate && (query.IsNested || !_hasTrees || IsFlat(candidate)))
                    yield return candidate;
            }
        }
    }

    // Groups were found one by one: together they may ask too much of a provider.
    private static bool HasRoom(IReadOnlyList<GroupChoice> choices) => choices.Count == 1 || Sum(choices).All(static share =>
    {
        var (inventory, used) = share.Provider.Find(share.ResourceClass)!.Value;
        return used + share.Amount <= inventory.Capacity && share.Amount <= inventory.MaxUnit;
    });

    private static List<Share> Sum(IEnumerable<GroupChoice> choices) => [.. choices.SelectMany(static choice => choice.Shares)
        .GroupBy(static share => (share.Provider.Id, share.ResourceClass))
        .Select(static same => same.First() with { Amount = same.Sum(static share => share.Amount) })];

    private bool IsIsolatedEnough(IReadOnlyList<GroupChoice> choices)
    {
        if (!query.IsIsolated)
            return true;
        var single = choices.Where(static choice => choice.Group.IsOneProvider).ToList();
        return single.Select(static choice => choice.Providers[0]).Distinct().Count() == single.Count;
    }

    private bool IsOneSubtree(IReadOnlyList<GroupChoice> choices, IReadOnlySet<string> suffixes)
    {
        var providers = choices.Where(choice => suffixes.Contains(choice.Group.Suffix)).SelectMany(static choice => choice.Providers).ToHashSet();
        return providers.Count == 1 || providers.Any(top => providers.All(provider => map.Ancestry(provider).Contains(top)));
    }

    private static Candidate ToCandidate(IReadOnlyList<GroupChoice> choices) => new(
        Sum(choices), [.. choices.Select(static choice => KeyValuePair.Create(choice.Group.Suffix, choice.Providers))]);

    private static bool IsFlat(Candidate candidate)
    {
        var providers = candidate.Shares.Select(static share => share.Provider).DistinctBy(static provider => provider.Id).ToList();
        return providers.DistinctBy(static provider => provider.RootId).Count() == providers.Count;
    }

    private static string Fingerprint(Candidate candidate) => string.Join('|',
        candidate.Shares.Select(static share => $"{share.Provider.Id} {share.ResourceClass} {share.Amount}").Order(StringComparer.Ordinal)
        .Concat(candidate.Mappings.Select(static mapping => $"{mapping.Key}={string.Join(',', mapping.Value.Order(StringComparer.Ordinal))}")));

    private List<ProviderState> Summaries(List<Candidate> candidates)
    {
        var providers = candidates.SelectMany(static candidate => candidate.Shares).Select(static share => share.Provider);
        if (!query.IsNested && _hasTrees)
            return [.. providers.DistinctBy(static provider => provider.Id)];
        var roots = providers.Select(static provider => provider.RootId).ToHashSet();
        return [.. map.All.Where(provider => roots.Contains(provider.RootId))];
    }
}
