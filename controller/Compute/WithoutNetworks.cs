using Appliance.Controller.Data;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute;

/// <summary>A cloud without a network service: servers have no NICs, and asking for one is refused.</summary>
internal sealed class WithoutNetworks : IServerNetworking
{
    private static readonly Dictionary<string, IReadOnlyList<ServerAddress>> NoAddresses = [];
    private static readonly Dictionary<string, IReadOnlyList<string>> NoGroups = [];
    private static readonly HashSet<string> NoServers = [];

    public Task<Outcome<NetworkPlan>> PlanAsync(Session tx, Caller caller, NetworkRequest request, int serverCount, CancellationToken ct) =>
        Task.FromResult<Outcome<NetworkPlan>>(request.Choice is NetworkChoice.Default or NetworkChoice.None
            ? NetworkPlan.Empty
            : ComputeFaults.Invalid("Unable to automatically allocate a network: this cloud has no networks."));

    public Task<Outcome<IReadOnlyList<ServerPort>>> CreatePortsAsync(
        Session tx, Caller caller, ServerOnNetwork server, NetworkPlan plan, CancellationToken ct) =>
        Task.FromResult<Outcome<IReadOnlyList<ServerPort>>>(Array.Empty<ServerPort>());

    public Task ReleasePortsAsync(Session tx, string serverId, CancellationToken ct) => Task.CompletedTask;

    public Task<Fault?> DetachAsync(Session tx, string serverId, string portId, CancellationToken ct) =>
        Task.FromResult<Fault?>(ComputeFaults.NotFound($"Port {portId} not found"));

    public Task<IReadOnlyList<ServerPort>> ListPortsAsync(Session tx, string serverId, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<ServerPort>>([]);

    public Task<IReadOnlyDictionary<string, IReadOnlyList<ServerAddress>>> ListAddressesAsync(
        Session tx, IReadOnlyList<string> serverIds, CancellationToken ct) =>
        Task.FromResult<IReadOnlyDictionary<string, IReadOnlyList<ServerAddress>>>(NoAddresses);

    public Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> ListSecurityGroupNamesAsync(
        Session tx, IReadOnlyList<string> serverIds, CancellationToken ct) =>
        Task.FromResult<IReadOnlyDictionary<string, IReadOnlyList<string>>>(NoGroups);

    public Task<IReadOnlyList<ServerSecurityGroup>> ListSecurityGroupsAsync(Session tx, string serverId, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<ServerSecurityGroup>>([]);

    public Task<IReadOnlySet<string>> ListServersByAddressAsync(
        Session tx, string? projectId, int ipVersion, string pattern, CancellationToken ct) =>
        Task.FromResult<IReadOnlySet<string>>(NoServers);

    public Task<Fault?> AddSecurityGroupAsync(Session tx, Caller caller, string serverId, string nameOrId, CancellationToken ct) =>
        Task.FromResult<Fault?>(ComputeFaults.NotFound($"Security group {nameOrId} not found for project {caller.ProjectId}."));

    public Task<Fault?> RemoveSecurityGroupAsync(Session tx, Caller caller, string serverId, string nameOrId, CancellationToken ct) =>
        Task.FromResult<Fault?>(ComputeFaults.NotFound($"Security group {nameOrId} not found for project {caller.ProjectId}."));

    public void OnServerPortsChanged(Func<Session, string, CancellationToken, Task> changed)
    {
    }
}
