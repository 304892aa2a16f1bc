using System.Text.Json.Serialization;

namespace Appliance.Agent.Compute;

/// <summary>What must be known of a server after the agent was killed: <c>servers/{id}/state.json</c>.</summary>
/// <param name="Driver">Chosen when the server was first seen, for good.</param>
/// <param name="UserId">User and group id of its process; null for a driver without processes, or when the agent is not root.</param>
/// <param name="BootId">The boot of this machine in which <paramref name="Phase"/> was written.</param>
/// <param name="CompletedOperations">Ids among the operations of the last document that are done.</param>
internal sealed record ServerState(
    string Driver, int? UserId, GuestPhase Phase, GuestProcess? Process, string? BootId, DateTimeOffset? StartedAt,
    IReadOnlyList<string> CompletedOperations);

/// <summary>How far a guest is in its life, as last written: what happened since is found out by looking at its process.</summary>
internal enum GuestPhase
{
    Off,
    /// <summary>The process may exist; if it does not, starting again is right.</summary>
    Starting,
    Running,
    /// <summary>It was asked to stop; if it is gone, that is why.</summary>
    Stopping,
    /// <summary>It switched itself off although it should run.</summary>
    EndedByGuest,
    /// <summary>Its process died although it should run.</summary>
    Crashed,
}

/// <summary>Names a process beyond doubt: the kernel reuses ids, but not within one clock tick of one boot.</summary>
/// <param name="StartTicks">Field 22 of <c>/proc/{pid}/stat</c>.</param>
internal sealed record GuestProcess(int ProcessId, ulong StartTicks, string BootId);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ServerState))]
internal sealed partial class ComputeJson : JsonSerializerContext;
