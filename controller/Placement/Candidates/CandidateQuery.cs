using Appliance.Controller.Placement.Queries;

namespace Appliance.Controller.Placement.Candidates;

/// <summary>Resources and traits that are asked for together.</summary>
/// <param name="Suffix">Its name; empty for the group that may be spread over a tree and what shares with it. Any other comes from one provider.</param>
internal sealed record RequestGroup(string Suffix, ProviderFilter Filter)
{
    public bool IsOneProvider => Suffix.Length > 0;
}

/// <summary>What candidates are asked for.</summary>
/// <param name="Limit">Null: all.</param>
/// <param name="IsIsolated">Each named group must come from another provider.</param>
/// <param name="RootRequired">Traits that the root of the tree must have.</param>
/// <param name="SameSubtrees">Sets of groups; of the providers of each set one must be above all others.</param>
/// <param name="IsNested">Whether a candidate may take from several providers of one tree; before version 1.29 it could not.</param>
internal sealed record CandidateQuery(
    IReadOnlyList<RequestGroup> Groups, int? Limit, bool IsIsolated, IReadOnlySet<string> RootRequired, IReadOnlySet<string> RootForbidden,
    IReadOnlyList<IReadOnlySet<string>> SameSubtrees, bool IsNested);
