namespace Appliance.Agent.Faults;

/// <summary>An expected refusal or failure, in words for an operator: what could not be done, why, and what would help.</summary>
/// <param name="Text">Goes into the status of a document, and from there to whoever asked for it: no paths, no keys.</param>
/// <param name="Internal">What only the log should have: paths, output of tools.</param>
internal sealed record Fault(string Text, FaultKind Kind = FaultKind.Final, string? Internal = null);

/// <summary>What time can do about a fault.</summary>
internal enum FaultKind
{
    /// <summary>Nothing, until the document changes.</summary>
    Final,
    /// <summary>It may pass (a full disk): it counts as an error, and the work is tried again.</summary>
    Passing,
    /// <summary>It is expected to pass (no connection to the controller): the work is not given up.</summary>
    Waiting,
}
