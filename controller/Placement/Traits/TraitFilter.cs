using Appliance.Controller.Http;
using Appliance.Controller.Placement.Queries;

namespace Appliance.Controller.Placement.Traits;

/// <summary>Which traits a list shows.</summary>
/// <param name="Names">Only these; null: all.</param>
/// <param name="AreUsed">Only those that a provider has, or has not; null: both.</param>
internal sealed record TraitFilter(IReadOnlyCollection<string>? Names, string Prefix, bool? AreUsed)
{
    /// <summary>Source: placement/handlers/trait.py, _normalize_traits_qs_param. An operator nobody knows asks for nothing.</summary>
    public static Outcome<TraitFilter> Read(PlacementQuery query)
    {
        var filter = new TraitFilter(null, "", null);
        if (query.Last("name") is { } name)
        {
            var colon = name.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
                return PlacementFaults.Invalid("Badly formatted name parameter. Expected name query string parameter in form: "
                    + $"?name=[in|startswith]:[name1,name2|prefix]. Got: \"{name}\"");
            filter = name[..colon] switch
            {
                "in" => filter with { Names = name[(colon + 1)..].Split(',') },
                "startswith" => filter with { Prefix = name[(colon + 1)..] },
                _ => filter,
            };
        }

        return query.Last("associated")?.ToLowerInvariant() switch
        {
            null => filter,
            "true" => filter with { AreUsed = true },
            "false" => filter with { AreUsed = false },
            _ => PlacementFaults.Invalid("The query parameter \"associated\" only accepts \"true\" or \"false\""),
        };
    }

    public List<string> Select(IEnumerable<string> all, IEnumerable<string> used)
    {
        var usedNames = used.ToHashSet();
        return [.. all.Where(name => (Names is null || Names.Contains(name)) && name.StartsWith(Prefix, StringComparison.Ordinal)
            && (AreUsed is null || usedNames.Contains(name) == AreUsed))];
    }
}
