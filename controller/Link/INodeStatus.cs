using Appliance.Controller.Data;
using Appliance.Protocol;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Link;

/// <summary>A node as the controller knows it.</summary>
/// <param name="IsUp">Its link is connected and speaking.</param>
/// <param name="Report">Its last report; null before the first.</param>
internal sealed record Node(string Id, string HostName, bool IsUp, DateTimeOffset? LastSeenAt, DateTimeOffset EnrolledAt, NodeReport? Report);

/// <summary>
/// A service that hears what nodes have of the kinds it owns. Called in order a node, inside a transaction together with the other sinks
/// of the same message; repeated after a reconnect, so it must be idempotent.
/// </summary>
internal interface IStatusSink
{
    IReadOnlyList<string> Kinds { get; }

    Task OnStatusAsync(Session tx, string nodeId, IReadOnlyList<ObjectStatus> statuses, IReadOnlyList<DocumentKey> gone, CancellationToken ct);
}

/// <summary>A service that hears of nodes joining, changing their capacity, and going up or down. Level-triggered: the node as it is now.</summary>
internal interface INodeWatcher
{
    Task OnNodeAsync(Node node, CancellationToken ct);
}

/// <summary>The nodes and the way to ask them something; implemented by the link.</summary>
internal interface INodes
{
    /// <summary>All enrolled nodes, from memory.</summary>
    IReadOnlyList<Node> All { get; }

    Node? Find(string nodeId);

    /// <summary>Sends a request and awaits its response.</summary>
    /// <exception cref="NodeUnreachableException">The node is down or did not answer in time.</exception>
    Task<ResponseMessage> RequestAsync(string nodeId, string method, System.Text.Json.JsonElement arguments, CancellationToken ct);

    /// <summary>Opens a byte channel by name (<see cref="LinkChannels"/>).</summary>
    /// <exception cref="NodeUnreachableException">The node is down or refused.</exception>
    Task<Stream> OpenChannelAsync(string nodeId, string channel, CancellationToken ct);
}

/// <summary>A node did not answer; the message says which and since when.</summary>
internal sealed class NodeUnreachableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Image bytes for nodes; implemented by Images.</summary>
internal interface IImageContent
{
    /// <summary>The image's data from its start, seekable; null when the image is gone.</summary>
    Task<Stream?> OpenAsync(string imageId, CancellationToken ct);
}
