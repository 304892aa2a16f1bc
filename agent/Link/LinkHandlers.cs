using System.Text.Json;

namespace Appliance.Agent.Link;

/// <summary>
/// Answers one kind of request of the controller; null: done, with nothing to say. A <see cref="LinkRequestException"/> is the refusal the
/// controller hears.
/// </summary>
internal delegate Task<JsonElement?> RequestHandler(JsonElement arguments, CancellationToken ct);

/// <summary>Connects a console to a server's first serial port; null: no such server runs here.</summary>
internal delegate Task<Stream?> SerialOpener(string serverId, CancellationToken ct);

/// <summary>What the controller may ask of this node, by composition.</summary>
/// <param name="Requests">By method (<see cref="Protocol.Link.LinkMethods"/>).</param>
internal sealed record LinkHandlers(IReadOnlyDictionary<string, RequestHandler> Requests, SerialOpener OpenSerial)
{
    public static LinkHandlers None { get; } =
        new(new Dictionary<string, RequestHandler>(), static (_, _) => Task.FromResult<Stream?>(null));
}

/// <summary>A request of the controller cannot be carried out; the message goes back to it.</summary>
internal sealed class LinkRequestException(string message) : Exception(message);
