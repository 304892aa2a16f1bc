namespace Appliance.Controller.Audit;

/// <summary>What an operator may say about the audit trail.</summary>
internal sealed record AuditOptions
{
    /// <summary>File that events are written to besides, one JSON object a line; null: none.</summary>
    public string? FilePath { get; init; }

    /// <summary>A file that has grown to this is put aside as <c>{path}.1</c>.</summary>
    public long MaxFileBytes { get; init; } = 100L << 20;

    /// <summary>How many files that were put aside are kept.</summary>
    public int KeptFiles { get; init; } = 10;

    /// <summary>
    /// Newest authentications that are kept in the database, some 500 bytes each: whoever tries passwords must not fill the disk. Changes are
    /// all kept.
    /// </summary>
    public int KeptAuthentications { get; init; } = 100_000;
}
