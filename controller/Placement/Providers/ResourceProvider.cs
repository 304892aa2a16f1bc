using Appliance.Controller.Placement.Inventories;

namespace Appliance.Controller.Placement.Providers;

/// <summary>Something that has resources.</summary>
/// <param name="Generation">Grows with every change; who changes the provider names the one he has seen.</param>
/// <param name="RootId">Top of its tree; itself when it has no parent.</param>
internal sealed record ResourceProvider(string Id, string Name, long Generation, string? ParentId, string RootId, DateTimeOffset UpdatedAt);

/// <summary>A provider with everything a decision about it needs.</summary>
internal sealed record ProviderState(
    ResourceProvider Provider, IReadOnlyList<(Inventory Inventory, long Used)> Inventories, IReadOnlySet<string> Traits,
    IReadOnlySet<string> Aggregates)
{
    // Shares what it has with every tree that has a provider in one of its aggregates.
    private const string Shares = "MISC_SHARES_VIA_AGGREGATE";

    public string Id => Provider.Id;
    public string Name => Provider.Name;
    public string RootId => Provider.RootId;
    public bool IsShared => Traits.Contains(Shares);

    public (Inventory Inventory, long Used)? Find(string resourceClass)
    {
        foreach (var row in Inventories)
        {
            if (row.Inventory.ResourceClass == resourceClass)
                return row;
        }

        return null;
    }

    /// <summary>Whether it can give this amount beside what is used.</summary>
    public bool HasRoom(string resourceClass, long amount) =>
        Find(resourceClass) is { } row && row.Inventory.Lacks(amount, row.Used) is null;
}
