using Appliance.Controller.Data;
using Appliance.Controller.Placement.Classes;
using Appliance.Controller.Placement.Inventories;
using Appliance.Controller.Placement.Queries;
using Appliance.Controller.Placement.Traits;

namespace Appliance.Controller.Placement.Providers;

/// <summary>All providers with what they have at one moment: what questions about many of them are answered from.</summary>
internal sealed class ProviderMap
{
    private readonly Dictionary<string, ProviderState> _byId;
    private readonly IReadOnlySet<string> _customClasses;
    private readonly IReadOnlySet<string> _customTraits;
    private readonly Lazy<ILookup<string, string>> _rootsByAggregate;

    public ProviderMap(IReadOnlyList<ProviderState> all, IReadOnlySet<string> customClasses, IReadOnlySet<string> customTraits)
    {
        (All, _customClasses, _customTraits) = (all, customClasses, customTraits);
        _byId = all.ToDictionary(static provider => provider.Id);
        _rootsByAggregate = new(() => all.SelectMany(static provider => provider.Aggregates, static (provider, aggregate) => (aggregate, provider.RootId))
            .ToLookup(static pair => pair.aggregate, static pair => pair.RootId));
    }

    /// <summary>In order of their names.</summary>
    public IReadOnlyList<ProviderState> All { get; }

    public bool HasTrees => All.Any(static provider => provider.Provider.ParentId is not null);

    public ProviderState? Find(string id) => _byId.GetValueOrDefault(id);

    public bool KnowsClass(string name) => ResourceClassNames.IsStandard(name) || _customClasses.Contains(name);

    public bool KnowsTrait(string name) => TraitNames.IsStandard(name) || _customTraits.Contains(name);

    /// <summary>First trait of a filter that does not exist; null: all do.</summary>
    public string? FindUnknownTrait(ProviderFilter filter) =>
        filter.RequiredTraits.SelectMany(static any => any).Concat(filter.ForbiddenTraits).FirstOrDefault(trait => !KnowsTrait(trait));

    public string? FindUnknownClass(ProviderFilter filter) => filter.Resources.Keys.FirstOrDefault(name => !KnowsClass(name));

    /// <summary>Roots of the trees that a shared provider is there for: those with a provider in one of its aggregates.</summary>
    public IEnumerable<string> RootsSharing(ProviderState shared) =>
        shared.Aggregates.SelectMany(aggregate => _rootsByAggregate.Value[aggregate]).Distinct();

    /// <summary>The provider and those above it, upwards.</summary>
    public IEnumerable<string> Ancestry(string id)
    {
        for (var next = Find(id); next is not null; next = next.Provider.ParentId is { } parent ? Find(parent) : null)
            yield return next.Id;
    }

    /// <summary>Reads everything: six queries whatever the number of providers.</summary>
    public static async Task<ProviderMap> LoadAsync(Session tx, CancellationToken ct)
    {
        var inventories = await InventoryStore.ListAllWithUseAsync(tx, ct);
        var traits = await ReadSetsAsync(tx, "SELECT provider_id, trait FROM placement_provider_traits", ct);
        var aggregates = await ReadSetsAsync(tx, "SELECT provider_id, aggregate_id FROM placement_provider_aggregates", ct);
        var all = (await ProviderStore.ListAsync(tx, ct)).ConvertAll(provider => new ProviderState(
            provider, [.. inventories[provider.Id]], traits(provider.Id), aggregates(provider.Id)));
        return new ProviderMap(all,
            (await tx.ListAsync("SELECT name FROM placement_resource_classes", static row => row.String(0), ct)).ToHashSet(),
            (await tx.ListAsync("SELECT name FROM placement_traits", static row => row.String(0), ct)).ToHashSet());
    }

    private static async Task<Func<string, IReadOnlySet<string>>> ReadSetsAsync(Session tx, string sql, CancellationToken ct)
    {
        var none = new HashSet<string>();
        var sets = (await tx.ListAsync(sql, static row => (Provider: row.String(0), Name: row.String(1)), ct))
            .GroupBy(static row => row.Provider, static row => row.Name).ToDictionary(static group => group.Key, static group => group.ToHashSet());
        return id => sets.GetValueOrDefault(id, none);
    }
}
