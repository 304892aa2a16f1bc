using System.Text.Json;

namespace Appliance.Protocol;

/// <summary>
/// What a node should have of one thing. The node stores it durably before it acknowledges, converges, and reports an
/// <see cref="ObjectStatus"/> with the generation it has reached.
/// </summary>
/// <param name="Kind"><see cref="DocumentKinds"/>.</param>
/// <param name="Generation">
/// Grows with every change of this document on this node and is never used again for the same kind and id, not even after a removal: it is
/// the sequence of the change among all changes for the node.
/// </param>
/// <param name="Body">A record of <c>Documents/</c>, by kind.</param>
public sealed record DesiredDocument(string Kind, string Id, long Generation, JsonElement Body);

/// <summary>Names a document without its body.</summary>
public sealed record DocumentKey(string Kind, string Id);

/// <summary>
/// A document that is no longer desired. The controller names it again after every connect until the node has answered with the same
/// record in <see cref="Link.StatusMessage.Gone"/>, so neither side loses a removal by a crash.
/// </summary>
/// <param name="Generation">Of the removal; a later document of the same key has a greater one.</param>
public sealed record RemovedDocument(string Kind, string Id, long Generation);

/// <summary>What a node has of one thing.</summary>
/// <param name="Generation">The generation of the document this state was reached for.</param>
/// <param name="State">By kind: see the documents.</param>
/// <param name="Fault">Why not, in words for an operator, with the next step; null when all is well.</param>
/// <param name="Details">By kind; null when there is nothing more to say.</param>
public sealed record ObjectStatus(string Kind, string Id, long Generation, string State, string? Fault, JsonElement? Details);

/// <summary>A document as its record, with the generation that statuses about it must carry.</summary>
public sealed record Versioned<T>(long Generation, T Document);
