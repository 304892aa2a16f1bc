using System.Text;
using Appliance.Agent.Faults;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Compute.Simulated;

/// <summary>
/// Servers without guests: they start and stop at once, and cost a small file and a few objects each. For tests of the API and of scale;
/// a user sees which they are by the driver in the server's status and by the console log.
/// </summary>
internal sealed class SimulatedDriver : IServerDriver
{
    public DriverReport Report { get; } = new(DriverNames.Simulated, IsUsable: true, Reason: null, Version: null, Accelerator: "none");

    public bool HasDevices => false;

    /// <summary>A simulated guest runs on until this machine is rebooted.</summary>
    public Task<IGuest?> AdoptAsync(ServerRecord server, CancellationToken ct) =>
        Task.FromResult<IGuest?>(server.State?.BootId == MachineBoot.Id ? new SimulatedGuest() : null);

    public Task<Outcome<IGuest>> StartAsync(GuestStart start, CancellationToken ct) =>
        Task.FromResult(Outcome<IGuest>.Of(new SimulatedGuest()));

    public Task<byte[]> ReadConsoleLogAsync(ServerRecord server, int maxBytes, CancellationToken ct)
    {
        if (server.State?.StartedAt is not { } startedAt)
            return Task.FromResult(Array.Empty<byte>());

        var log = Encoding.UTF8.GetBytes(Compose(server.Id, startedAt));
        return Task.FromResult(log.Length <= maxBytes ? log : log[^maxBytes..]);
    }

    // Composed when asked for instead of kept: a thousand servers keep nothing.
    private static string Compose(string id, DateTimeOffset startedAt) =>
        string.Create(CultureInfo.InvariantCulture, $"""
            simulated server {id}
            started at {startedAt:yyyy-MM-ddTHH:mm:ssZ}
            no instruction runs here
            cpu: none
            memory: none
            disk: none
            network: none
            serial port: none
            state: running until it is stopped
            simulated login:

            """);
}
