using Appliance.Agent.Faults;
using Appliance.Agent.Storage;
using Appliance.Protocol.Documents;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Compute;

/// <summary>
/// A way to run guests. A driver keeps no state of its own between agents: everything it must find again is in the server's folder and in
/// <see cref="ServerState"/>. Calls about one server come one at a time.
/// </summary>
internal interface IServerDriver
{
    /// <summary>What it can do on this node, found out when the agent started.</summary>
    DriverReport Report { get; }

    /// <summary>Whether its guests have disks, NICs and processes. Without, a server needs no image, waits for no port and gets no user id.</summary>
    bool HasDevices { get; }

    /// <summary>What a server needs that this driver's machines do not have, in words; null when it can run there.</summary>
    string? FindObstacle(ServerDocument server) => null;

    /// <summary>Takes over the guest that an earlier agent started; null when it does not run any more.</summary>
    Task<IGuest?> AdoptAsync(ServerRecord server, CancellationToken ct);

    /// <summary>
    /// Starts a guest from its first instruction. Before anything runs that would outlive the agent, the driver hands the process to
    /// <see cref="GuestStart.RecordAsync"/>; an agent that dies in between leaves nothing behind.
    /// </summary>
    Task<Outcome<IGuest>> StartAsync(GuestStart start, CancellationToken ct);

    /// <summary>The end of what the guest's first serial port said, over all its starts; empty when it never said anything.</summary>
    Task<byte[]> ReadConsoleLogAsync(ServerRecord server, int maxBytes, CancellationToken ct);
}

/// <summary>Everything a driver needs to start one guest.</summary>
/// <param name="Disks">Null for a driver without devices.</param>
/// <param name="Ports">The document's ports in order; empty for a driver without devices.</param>
/// <param name="RecordAsync">Makes the process known durably.</param>
internal sealed record GuestStart(
    ServerDocument Document, ServerRecord Server, ServerDiskSet? Disks, IReadOnlyList<PortDevice> Ports,
    Func<GuestProcess, CancellationToken, Task> RecordAsync);
