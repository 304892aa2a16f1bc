using Appliance.Controller.Placement.Providers;

namespace Appliance.Controller.Placement.Candidates;

/// <summary>An amount of one class that a provider would give.</summary>
internal readonly record struct Share(ProviderState Provider, string ResourceClass, long Amount);

/// <summary>One way to satisfy one group.</summary>
/// <param name="AnchorId">Root of the tree it belongs to; of what is shared, of the tree that it is shared with.</param>
/// <param name="Providers">Those it needs: also without resources.</param>
internal sealed record GroupChoice(RequestGroup Group, string AnchorId, IReadOnlyList<Share> Shares, IReadOnlyList<string> Providers);

/// <summary>One way to satisfy all groups.</summary>
/// <param name="Mappings">Providers by the group they satisfy.</param>
internal sealed record Candidate(IReadOnlyList<Share> Shares, IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> Mappings);

/// <param name="Summaries">The providers that candidates speak of, with the others of their trees.</param>
internal sealed record CandidateList(IReadOnlyList<Candidate> Candidates, IReadOnlyList<ProviderState> Summaries)
{
    public static readonly CandidateList Empty = new([], []);
}
