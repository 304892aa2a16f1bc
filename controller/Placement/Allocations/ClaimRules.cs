using Appliance.Controller.Compute;
using Appliance.Controller.Placement.Providers;

namespace Appliance.Controller.Placement.Allocations;

/// <summary>Whether a provider can give what is asked.</summary>
internal static class ClaimRules
{
    /// <summary>What the provider lacks, each with its numbers; empty when it can.</summary>
    public static IReadOnlyList<string> Lacks(ProviderState provider, ResourceRequest request)
    {
        List<string>? lacks = null;
        foreach (var (resourceClass, amount) in request.Resources)
        {
            if (LackOf(provider, resourceClass, amount) is { } lack)
                (lacks ??= []).Add(lack);
        }

        foreach (var trait in request.RequiredTraits)
        {
            if (!provider.Traits.Contains(trait))
                (lacks ??= []).Add($"trait {trait} is missing");
        }

        foreach (var trait in request.ForbiddenTraits)
        {
            if (provider.Traits.Contains(trait))
                (lacks ??= []).Add($"trait {trait} is forbidden");
        }

        return lacks ?? (IReadOnlyList<string>)[];
    }

    private static string? LackOf(ProviderState provider, string resourceClass, long amount)
    {
        foreach (var (inventory, used) in provider.Inventories)
        {
            if (inventory.ResourceClass == resourceClass)
                return inventory.Lacks(amount, used);
        }

        return $"{resourceClass}: none here";
    }
}
