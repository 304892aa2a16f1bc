using System.Text.Json;
using Appliance.Agent.Faults;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Compute;

/// <summary>What is known of one server, to be reported. Compared by value, so that nothing is reported twice.</summary>
/// <param name="State"><see cref="ServerStates"/>.</param>
/// <param name="PowerState"><see cref="PowerStates"/>.</param>
/// <param name="CompletedOperations">Joined with commas, for comparison.</param>
internal sealed record ServerStatus(
    long Generation, string State, string PowerState, string Driver, string? Progress, string? Fault, DateTimeOffset? StartedAt,
    string CompletedOperations)
{
    /// <summary>Composes the status of a document from the server's durable state.</summary>
    public static ServerStatus Of(
        long generation, string state, ServerState server, string? progress = null, Fault? fault = null) =>
        new(generation, state, PowerOf(server.Phase), server.Driver, progress, fault?.Text,
            server.Phase is GuestPhase.Running or GuestPhase.Stopping ? server.StartedAt : null,
            string.Join(',', server.CompletedOperations));

    public ObjectStatus ToDocument(string serverId)
    {
        var details = new ServerStatusDetails(
            PowerState, Driver, Progress, StartedAt, CompletedOperations.Split(',', StringSplitOptions.RemoveEmptyEntries));
        return new(DocumentKinds.Server, serverId, Generation, State, Fault,
            JsonSerializer.SerializeToElement(details, ProtocolJson.Default.ServerStatusDetails));
    }

    private static string PowerOf(GuestPhase phase) => phase switch
    {
        GuestPhase.Running or GuestPhase.Stopping => PowerStates.Running,
        GuestPhase.Crashed => PowerStates.Crashed,
        GuestPhase.Starting => PowerStates.NoState,
        _ => PowerStates.Stopped,
    };
}
