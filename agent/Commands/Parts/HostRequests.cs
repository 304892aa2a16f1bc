using System.Text.Json;
using Appliance.Agent.Node.Capabilities;
using Appliance.Protocol;

namespace Appliance.Agent.Commands.Parts;

/// <summary>Requests of the controller about the machine.</summary>
internal static class HostRequests
{
    /// <summary><see cref="Protocol.Link.LinkMethods.HostUptime"/>.</summary>
    public static Task<JsonElement?> UptimeAsync(JsonElement arguments, CancellationToken ct) =>
        Task.FromResult<JsonElement?>(JsonSerializer.SerializeToElement(HostUptime.Read(), ProtocolJson.Default.HostUptimeResult));
}
