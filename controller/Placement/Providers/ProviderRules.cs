using Appliance.Controller.Placement.Queries;

namespace Appliance.Controller.Placement.Providers;

/// <summary>Decisions about single providers.</summary>
internal static class ProviderRules
{
    /// <summary>Whether a provider by itself has all that a filter asks.</summary>
    /// <param name="root">Root of the tree that is asked for; null: any.</param>
    public static bool Matches(ProviderState provider, ProviderFilter filter, string? root) =>
        (root is null || provider.RootId == root)
        && filter.RequiredTraits.All(any => any.Overlaps(provider.Traits))
        && !filter.ForbiddenTraits.Overlaps(provider.Traits)
        && filter.MemberOf.All(any => any.Overlaps(provider.Aggregates))
        && !filter.ForbiddenAggregates.Overlaps(provider.Aggregates)
        && filter.Resources.All(asked => provider.HasRoom(asked.Key, asked.Value));

    /// <summary>Why a provider cannot go below <paramref name="parent"/>; null when it can. Source: resource_provider.py, _update_in_db.</summary>
    /// <param name="parent">Null: it becomes a root.</param>
    /// <param name="isBelow">The new parent is the provider itself or below it.</param>
    public static string? CheckMove(ResourceProvider provider, ResourceProvider? parent, bool isBelow, bool canMoveAgain)
    {
        if (parent is null)
            return provider.ParentId is not null && !canMoveAgain
                ? "Object action update failed because: un-parenting a provider is not currently allowed." : null;
        if (provider.ParentId is not null && provider.ParentId != parent.Id && !canMoveAgain)
            return "Object action update failed because: re-parenting a provider is not currently allowed.";
        return isBelow ? "Object action update failed because: creating loop in the provider tree is not allowed." : null;
    }
}
