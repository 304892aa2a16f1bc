namespace Appliance.Agent.Compute;

/// <summary>What an operator can set about the servers of a node.</summary>
internal sealed record ComputeOptions
{
    /// <summary>Holds <c>servers/{id}/</c>: the state, disks, sockets and console log of each server.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The driver of a server whose document names none.</summary>
    public string DefaultDriver { get; init; } = DriverNames.Qemu;

    /// <summary>
    /// How long a guest may take to power off before it is forced; an image's property <c>os_shutdown_timeout</c> (seconds) overrides it.
    /// Nova's <c>shutdown_timeout</c> has the same default.
    /// </summary>
    public TimeSpan PowerOffTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often the power button is pressed again meanwhile: a guest that is still booting does not see the first time.</summary>
    public TimeSpan PowerButtonInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>First user id of the range that guests run under, one id a server.</summary>
    public int FirstUserId { get; init; } = 200_000;

    /// <summary>Size of that range, and so the most servers with a process that this node can hold.</summary>
    public int UserIdCount { get; init; } = 10_000;

    /// <summary>First and longest wait before a passing fault is tried again; it doubles in between.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(2);

    public TimeSpan RetryAfterAtMost { get; init; } = TimeSpan.FromSeconds(60);
}
