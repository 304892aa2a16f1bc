using Appliance.Controller.Placement.Providers;
using Appliance.Controller.Placement.Queries;

namespace Appliance.Controller.Placement.Candidates;

/// <summary>
/// Finds the ways to satisfy one group. Source: placement/objects/research_context.py (get_trees_matching_all, get_provider_ids_matching),
/// allocation_candidate.py (_alloc_candidates_…).
/// </summary>
internal static class GroupSearch
{
    /// <param name="roots">Trees that may be used; null: all.</param>
    public static IEnumerable<GroupChoice> Find(ProviderMap map, RequestGroup group, IReadOnlySet<string>? roots)
    {
        var tree = group.Filter.InTree is { } id ? map.Find(id)?.RootId : null;
        if (group.Filter.InTree is not null && tree is null)
            return [];
        return group.IsOneProvider ? FindSingle(map, group, tree, roots) : FindSpread(map, group, tree, roots);
    }

    private static IEnumerable<GroupChoice> FindSingle(ProviderMap map, RequestGroup group, string? tree, IReadOnlySet<string>? roots)
    {
        var filter = group.Filter;
        // A group that asks for nothing that a provider must have is satisfied by none, as in the real service.
        if (filter.Resources.Count + filter.RequiredTraits.Count + filter.MemberOf.Count == 0)
            yield break;
        foreach (var provider in map.All)
        {
            if (!ProviderRules.Matches(provider, filter, filter.Resources.Count > 0 ? tree : null))
                continue;
            var shares = filter.Resources.Select(asked => new Share(provider, asked.Key, asked.Value)).ToList();
            foreach (var anchor in AnchorsOf(map, provider))
            {
                if (roots?.Contains(anchor) ?? true)
                    yield return new GroupChoice(group, anchor, shares, [provider.Id]);
            }
        }
    }

    private static IEnumerable<GroupChoice> FindSpread(ProviderMap map, RequestGroup group, string? tree, IReadOnlySet<string>? roots)
    {
        // By tree: for each class in turn the providers that could give it.
        var byTree = new Dictionary<string, List<List<Share>>>();
        var classes = 0;
        foreach (var (name, amount) in group.Filter.Resources)
        {
            foreach (var (provider, anchor) in Givers(map, group.Filter, name, amount, tree))
            {
                if (!(roots?.Contains(anchor) ?? true))
                    continue;
                var lists = byTree.TryGetValue(anchor, out var present) ? present : byTree[anchor] = [];
                if (lists.Count < classes)
                    continue;
                if (lists.Count == classes)
                    lists.Add([]);
                lists[classes].Add(new Share(provider, name, amount));
            }

            classes++;
        }

        return byTree.Where(entry => entry.Value.Count == classes).SelectMany(entry => Combinations.Of(entry.Value, static _ => true)
            .Where(shares => HasTraits(shares, group.Filter))
            .Select(shares => new GroupChoice(group, entry.Key, shares, [.. shares.Select(static share => share.Provider.Id).Distinct()])));
    }

    // Providers with room for a class, each with the tree it would be taken for. Aggregates of a root span its tree.
    private static IEnumerable<(ProviderState Provider, string Anchor)> Givers(
        ProviderMap map, ProviderFilter filter, string name, long amount, string? tree)
    {
        foreach (var provider in map.All)
        {
            if (!provider.HasRoom(name, amount) || (tree is not null && provider.RootId != tree))
                continue;
            // in_tree leaves out what is shared from elsewhere.
            var isShared = tree is null && (filter.MemberOf.Count == 0 || IsMember(provider, filter));
            foreach (var anchor in isShared ? AnchorsOf(map, provider) : [provider.RootId])
            {
                var root = map.Find(anchor)!;
                if ((IsMember(provider, filter) || IsMember(root, filter))
                    && !filter.ForbiddenAggregates.Overlaps(provider.Aggregates) && !filter.ForbiddenAggregates.Overlaps(root.Aggregates))
                    yield return (provider, anchor);
            }
        }
    }

    private static IEnumerable<string> AnchorsOf(ProviderMap map, ProviderState provider) =>
        provider.IsShared ? map.RootsSharing(provider).Prepend(provider.RootId).Distinct() : [provider.RootId];

    private static bool IsMember(ProviderState provider, ProviderFilter filter) => filter.MemberOf.All(any => any.Overlaps(provider.Aggregates));

    // Together the providers have every trait that is required, and none has one that is forbidden.
    private static bool HasTraits(IReadOnlyList<Share> shares, ProviderFilter filter) =>
        filter.RequiredTraits.All(any => shares.Any(share => any.Overlaps(share.Provider.Traits)))
        && !shares.Any(share => filter.ForbiddenTraits.Overlaps(share.Provider.Traits));
}
