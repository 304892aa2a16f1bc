using Appliance.Controller.Data;

namespace Appliance.Controller.Compute.Servers;

/// <summary>A server as its row says. What only building it needs is in <see cref="ServerBoot"/>.</summary>
internal sealed record Server
{
    /// <summary>Internal running number: the order of creation, and the number in <see cref="InstanceName"/>.</summary>
    public long Number { get; init; }
    public required string Id { get; init; }
    public required string ProjectId { get; init; }
    public required string UserId { get; init; }
    public required string Name { get; init; }
    public required string HostName { get; init; }
    public string? Description { get; init; }
    public string? ImageId { get; init; }
    public required ServerSize Size { get; init; }
    public string? KeyName { get; init; }

    /// <summary>JSON object of strings.</summary>
    public string Metadata { get; init; } = "{}";
    public bool HasConfigDrive { get; init; }
    public bool IsDiskConfigAuto { get; init; }
    public string? AccessIpv4 { get; init; }
    public string? AccessIpv6 { get; init; }

    /// <summary>Zone of its node; the asked one, or null, while it has none.</summary>
    public string? Zone { get; init; }
    public string? NodeId { get; init; }
    public string? NodeName { get; init; }

    /// <summary><see cref="VmStates"/>.</summary>
    public required string VmState { get; init; }

    /// <summary><see cref="TaskStates"/>; null when nothing is going on.</summary>
    public string? TaskState { get; init; }

    /// <summary>Who asked for what is going on.</summary>
    public Actor? TaskActor { get; init; }

    /// <summary><see cref="PowerCodes"/>.</summary>
    public int PowerState { get; init; }
    public ServerFault? Fault { get; init; }
    public bool IsLocked { get; init; }
    public string ReservationId { get; init; } = "";
    public int LaunchIndex { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? LaunchedAt { get; init; }
    public DateTimeOffset? TerminatedAt { get; init; }
    public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>Generation of the server's document on its node; a status of an older one speaks of the past.</summary>
    public long DocumentGeneration { get; init; }

    public string InstanceName => string.Create(CultureInfo.InvariantCulture, $"instance-{Number:x8}");
    public string Status => ServerStatusNames.Of(this);
}

/// <summary>The flavor as it was when the server was made; a flavor may be deleted, and its name given to another.</summary>
/// <param name="ExtraSpecs">JSON object of strings.</param>
internal sealed record ServerSize(
    string FlavorId, string FlavorName, int Vcpus, int MemoryMiB, int RootGiB, int EphemeralGiB, int SwapMiB, string ExtraSpecs);

/// <summary>What went wrong last.</summary>
/// <param name="Details">For administrators: names nodes.</param>
internal sealed record ServerFault(int Code, string Message, string? Details, DateTimeOffset At);
