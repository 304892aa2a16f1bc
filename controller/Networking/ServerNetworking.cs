using Appliance.Controller.Compute;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.SecurityGroups;
using Appliance.Controller.Networking.Servers;

namespace Appliance.Controller.Networking;

/// <summary>The network as Compute sees it; each question is answered in the folder <c>Servers</c>.</summary>
internal sealed class ServerNetworking(NetworkingContext context, ServerNetworkPlanner planner, ServerPorts servers, PortStore ports) : IServerNetworking
{
    public Task<Outcome<NetworkPlan>> PlanAsync(Session tx, Caller caller, NetworkRequest request, int serverCount, CancellationToken ct) =>
        planner.PlanAsync(tx, caller, request, serverCount, ct);

    public async Task<Outcome<IReadOnlyList<ServerPort>>> CreatePortsAsync(
        Session tx, Caller caller, ServerOnNetwork server, NetworkPlan plan, CancellationToken ct)
    {
        if ((await servers.CreateAsync(tx, caller, server, plan, ct)).Failed(out var fault, out var made))
            return fault;
        return await ViewAsync(tx, made, ct);
    }

    public Task ReleasePortsAsync(Session tx, string serverId, CancellationToken ct) => servers.ReleaseAsync(tx, serverId, ct);

    public async Task<Fault?> DetachAsync(Session tx, string serverId, string portId, CancellationToken ct)
    {
        if (await PortTable.Table.FindAsync(tx, portId, ct) is not { } port || port.DeviceId != serverId)
            return new Fault(FaultKind.NotFound, $"Port {portId} is not attached to server {serverId}");
        await servers.ReleaseAsync(tx, port, ct);
        return null;
    }

    public async Task<IReadOnlyList<ServerPort>> ListPortsAsync(Session tx, string serverId, CancellationToken ct) =>
        await ViewAsync(tx, await ServerPorts.ListAsync(tx, serverId, ct), ct);

    public Task<IReadOnlyDictionary<string, IReadOnlyList<ServerAddress>>> ListAddressesAsync(
        Session tx, IReadOnlyList<string> serverIds, CancellationToken ct) => ServerNetworkViews.ListAddressesAsync(tx, serverIds, ct);

    public Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> ListSecurityGroupNamesAsync(
        Session tx, IReadOnlyList<string> serverIds, CancellationToken ct) => ServerNetworkViews.ListSecurityGroupNamesAsync(tx, serverIds, ct);

    public Task<IReadOnlyList<ServerSecurityGroup>> ListSecurityGroupsAsync(Session tx, string serverId, CancellationToken ct) =>
        ServerNetworkViews.ListSecurityGroupsAsync(tx, serverId, ct);

    public Task<IReadOnlySet<string>> ListServersByAddressAsync(Session tx, string? projectId, int ipVersion, string pattern, CancellationToken ct) =>
        ServerNetworkViews.ListServersByAddressAsync(tx, projectId, ipVersion, pattern, ct);

    public async Task<Fault?> AddSecurityGroupAsync(Session tx, Caller caller, string serverId, string nameOrId, CancellationToken ct)
    {
        if ((await GetGroupAsync(tx, caller, nameOrId, ct)).Failed(out var fault, out var group))
            return fault;
        var filtered = (await ServerPorts.ListAsync(tx, serverId, ct)).Where(static port => port.PortSecurityEnabled && port.FixedIps.Text != "[]").ToList();
        if (filtered.Count == 0)
        {
            return new Fault(FaultKind.Invalid,
                "Network requires port_security_enabled and subnet associated in order to apply security groups.");
        }

        foreach (var port in filtered.Where(port => !port.SecurityGroupIds.Items.Contains(group.Id)))
            await SetGroupsAsync(tx, caller, port, [.. port.SecurityGroupIds.Items, group.Id], ct);
        return null;
    }

    public async Task<Fault?> RemoveSecurityGroupAsync(Session tx, Caller caller, string serverId, string nameOrId, CancellationToken ct)
    {
        if ((await GetGroupAsync(tx, caller, nameOrId, ct)).Failed(out var fault, out var group))
            return fault;
        var members = (await ServerPorts.ListAsync(tx, serverId, ct)).Where(port => port.SecurityGroupIds.Items.Contains(group.Id)).ToList();
        if (members.Count == 0)
            return new Fault(FaultKind.NotFound, $"Security group {nameOrId} not associated with the instance {serverId}");
        foreach (var port in members)
            await SetGroupsAsync(tx, caller, port, [.. port.SecurityGroupIds.Items.Where(id => id != group.Id)], ct);
        return null;
    }

    public void OnServerPortsChanged(Func<Session, string, CancellationToken, Task> changed) => ports.OnServerPortsChanged(changed);

    private async Task<Outcome<SecurityGroup>> GetGroupAsync(Session tx, Caller caller, string nameOrId, CancellationToken ct)
    {
        var found = await planner.FindGroupAsync(tx, caller, nameOrId, ct);
        if (found.Count > 1)
            return new Fault(FaultKind.Conflict, $"Multiple security groups found matching '{nameOrId}'. Use an ID to be more specific.");
        return found.Count == 1 ? found[0] : new Fault(FaultKind.NotFound, $"Security group {nameOrId} not found for project {caller.ProjectId}.");
    }

    private async Task SetGroupsAsync(Session tx, Caller caller, Port port, List<string> groupIds, CancellationToken ct)
    {
        var changed = port with
        {
            SecurityGroupIds = JsonList<string>.Of(groupIds, NetworkingJson.Default.ListString),
            UpdatedAt = context.Clock.GetUtcNow(),
            RevisionNumber = port.RevisionNumber + 1,
        };
        await ports.SaveAsync(tx, port, changed, ct);
        await context.LogAsync(tx, caller.ActorOf(Actor.System.RequestId), "port", changed, "update", ct);
    }

    private static async Task<List<ServerPort>> ViewAsync(Session tx, List<Port> list, CancellationToken ct)
    {
        var views = new List<ServerPort>(list.Count);
        foreach (var port in list)
        {
            var network = await tx.FindAsync("SELECT name FROM networks WHERE id = @id", static row => row.String(0), ct, ("id", port.NetworkId));
            views.Add(new ServerPort(port.Id, port.NetworkId, network ?? "", port.MacAddress, port.Status,
                [.. port.FixedIps.Items.Select(static ip => (ip.SubnetId, ip.IpAddress))], port.NicTag));
        }

        return views;
    }
}
