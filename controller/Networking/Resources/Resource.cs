namespace Appliance.Controller.Networking.Resources;

/// <summary>What every Neutron resource has: the standard attributes.</summary>
internal abstract record Resource
{
    public string Id { get; init; } = "";
    public string ProjectId { get; init; } = "";
    public string Name { get; init; } = "";
    public string Description { get; init; } = "";
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Counts changes, from 1 on; clients compare it (<c>If-Match: revision_number=n</c>).</summary>
    public long RevisionNumber { get; init; }

    /// <summary>Sorted.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];
}
