using Appliance.Controller.Compute.Hosts;
using Appliance.Controller.Compute.Servers.Create;
using Appliance.Controller.Data;
using Appliance.Controller.Work;

namespace Appliance.Controller.Compute.Servers;

/// <summary>What everything that changes servers works with.</summary>
internal sealed class ServerContext(Platform platform, ComputeNeighbours neighbours)
{
    public Database Database => platform.Database;
    public TimeProvider Clock => platform.Clock;
    public Workflows Workflows => platform.Workflows;
    public IServerNetworking Networking => neighbours.Networking;
    public IResourceClaims Claims => neighbours.Claims;
    public HostStore Hosts { get; } = new(neighbours.Nodes);
    public ServerEvents Events { get; } = new(platform.Changes);
    public ServerDocuments Documents { get; } = new(neighbours.Desired, neighbours.Networking);
    public Scheduler Scheduler => field ??= new Scheduler(Hosts, Claims);
}
