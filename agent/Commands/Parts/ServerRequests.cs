using System.Text.Json;
using Appliance.Agent.Compute;
using Appliance.Agent.Link;
using Appliance.Protocol;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Commands.Parts;

/// <summary>Requests of the controller about servers.</summary>
internal static class ServerRequests
{
    // A frame of the link carries it in base64 with room to spare.
    private const int MaxLogBytes = 16 * 1024 * 1024;

    /// <summary><see cref="LinkMethods.ConsoleLog"/>.</summary>
    public static RequestHandler ConsoleLog(ServerFleet fleet) => async (arguments, ct) =>
    {
        if (Read(arguments) is not { ServerId: not null, MaxBytes: >= 0 } request)
            throw new LinkRequestException("console_log needs a server id and a length");

        var bytes = await fleet.ConsoleLogAsync(request.ServerId, Math.Min(request.MaxBytes, MaxLogBytes), ct);
        return JsonSerializer.SerializeToElement(new ConsoleLogResult(Convert.ToBase64String(bytes)), ProtocolJson.Default.ConsoleLogResult);
    };

    private static ConsoleLogArguments? Read(JsonElement arguments)
    {
        try
        {
            return arguments.Deserialize(ProtocolJson.Default.ConsoleLogArguments);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
