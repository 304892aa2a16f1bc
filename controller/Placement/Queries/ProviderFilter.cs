namespace Appliance.Controller.Placement.Queries;

/// <summary>What a query asks of providers.</summary>
/// <param name="Resources">Amounts by class, in the order they were asked.</param>
/// <param name="RequiredTraits">Of each set at least one trait.</param>
/// <param name="MemberOf">Of each set at least one aggregate.</param>
/// <param name="InTree">A provider whose tree is meant; null: any.</param>
internal sealed record ProviderFilter(
    IReadOnlyDictionary<string, long> Resources,
    IReadOnlyList<IReadOnlySet<string>> RequiredTraits,
    IReadOnlySet<string> ForbiddenTraits,
    IReadOnlyList<IReadOnlySet<string>> MemberOf,
    IReadOnlySet<string> ForbiddenAggregates,
    string? InTree)
{
    /// <summary>Traits that are required and at the same time forbidden, as refusals name them; null when there are none.</summary>
    public string? Contradiction(string suffix)
    {
        var bad = RequiredTraits.Where(any => any.All(ForbiddenTraits.Contains))
            .Select(any => $"required{suffix}: ({string.Join(", ", any.Order(StringComparer.Ordinal))})").ToList();
        return bad.Count == 0 ? null : string.Join(", ", bad.Order(StringComparer.Ordinal));
    }
}
