using Appliance.Controller.Compute;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Networks;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.SecurityGroups;

namespace Appliance.Controller.Networking.Servers;

/// <summary>
/// Makes, adopts and gives back the ports of servers, in the transaction that makes or deletes the server. Source: nova/network/neutron.py
/// (allocate_for_instance, deallocate_for_instance, deallocate_port_for_instance).
/// </summary>
internal sealed class ServerPorts(NetworkingContext context, PortStore ports, DefaultGroups defaults)
{
    public async Task<Outcome<List<Port>>> CreateAsync(Session tx, Caller caller, ServerOnNetwork server, NetworkPlan plan, CancellationToken ct)
    {
        var actor = caller.ActorOf(Actor.System.RequestId);
        var order = await tx.CountAsync("SELECT MAX(nic_order) FROM ports WHERE device_id = @server", ct, ("server", server.ServerId));
        var made = new List<Port>();
        foreach (var nic in plan.Nics)
        {
            order++;
            var outcome = nic.PortId is { } existing
                ? await AdoptAsync(tx, actor, server, nic, existing, order, ct)
                : await InsertAsync(tx, actor, server, nic, plan.SecurityGroupIds, order, ct);
            if (outcome.Failed(out var fault, out var port))
                return fault;
            made.Add(port);
        }

        return made;
    }

    public async Task ReleaseAsync(Session tx, string serverId, CancellationToken ct)
    {
        foreach (var port in await ListAsync(tx, serverId, ct))
            await ReleaseAsync(tx, port, ct);
    }

    /// <summary>Deletes a port that was made for its server; any other is only unbound.</summary>
    public async Task ReleaseAsync(Session tx, Port port, CancellationToken ct)
    {
        if (port.IsServerOwned)
        {
            await ports.DeleteAsync(tx, port, ct);
            await context.LogAsync(tx, Actor.System, "port", port, "delete", ct);
            return;
        }

        var free = Touch(port) with
        {
            DeviceId = "",
            DeviceOwner = "",
            HostId = "",
            NodeId = null,
            Status = PortStatuses.Down,
            DnsName = "",
            NicTag = null,
            NicOrder = 0,
        };
        await ports.SaveAsync(tx, port, free, ct);
        await context.LogAsync(tx, Actor.System, "port", free, "update", ct);
    }

    /// <summary>Ports of a server, NICs in order.</summary>
    public static Task<List<Port>> ListAsync(Session tx, string serverId, CancellationToken ct) =>
        PortTable.Table.ListAsync(tx, "r.device_id = @server ORDER BY r.nic_order, r.created_at", ct, ("server", serverId));

    private async Task<Outcome<Port>> InsertAsync(
        Session tx, Actor actor, ServerOnNetwork server, PlannedNic nic, IReadOnlyList<string> groupIds, long order, CancellationToken ct)
    {
        if (await NetworkTable.Table.FindAsync(tx, nic.NetworkId, ct) is not { } network)
            return new Fault(FaultKind.Invalid, $"Network {nic.NetworkId} could not be found.");
        if (groupIds.Count > 0 && !network.PortSecurityEnabled)
        {
            return new Fault(FaultKind.Invalid,
                "Network requires port_security_enabled and subnet associated in order to apply security groups.");
        }

        IReadOnlyList<string> groups = !network.PortSecurityEnabled ? []
            : groupIds.Count > 0 ? groupIds : [await defaults.EnsureAsync(tx, actor, server.ProjectId, ct)];
        var subnets = await PortStore.ListSubnetsAsync(tx, network.Id, ct);
        var draft = NewPort(server, network, groups) with { NicTag = nic.Tag, NicOrder = order };
        IReadOnlyList<FixedIpRequest>? requests = nic.FixedIp is { } address ? [new FixedIpRequest(null, Addressing.Ip.Parse(address).ToString())] : null;
        if ((await ports.InsertAsync(tx, draft, subnets, requests, ct)).Failed(out var refused, out var port))
            return refused;
        await context.LogAsync(tx, actor, "port", port, "create", ct);
        return port;
    }

    private Port NewPort(ServerOnNetwork server, Network network, IReadOnlyList<string> groups)
    {
        var now = context.Clock.GetUtcNow();
        return new Port
        {
            Id = Guid.NewGuid().ToString(),
            ProjectId = server.ProjectId,
            CreatedAt = now,
            UpdatedAt = now,
            RevisionNumber = 1,
            NetworkId = network.Id,
            MacAddress = "",
            DeviceId = server.ServerId,
            DeviceOwner = DeviceOwners.ComputePrefix + server.AvailabilityZone,
            FixedIps = JsonList<FixedIp>.Of([], NetworkingJson.Default.ListFixedIp),
            SecurityGroupIds = JsonList<string>.Of([.. groups], NetworkingJson.Default.ListString),
            AddressPairs = JsonList<AddressPair>.Of([], NetworkingJson.Default.ListAddressPair),
            DhcpOptions = JsonList<DhcpOption>.Of([], NetworkingJson.Default.ListDhcpOption),
            PortSecurityEnabled = network.PortSecurityEnabled,
            HostId = server.NodeName ?? "",
            NodeId = server.NodeId,
            Status = server.NodeId is null ? PortStatuses.Down : PortStatuses.Build,
            DnsName = server.HostName,
            IsServerOwned = true,
        };
    }

    private async Task<Outcome<Port>> AdoptAsync(
        Session tx, Actor actor, ServerOnNetwork server, PlannedNic nic, string portId, long order, CancellationToken ct)
    {
        if (await PortTable.Table.FindAsync(tx, portId, ct) is not { } port)
            return new Fault(FaultKind.Invalid, $"Port id {portId} could not be found.");
        if (port.DeviceId.Length > 0)
            return new Fault(FaultKind.Conflict, $"Port {portId} is still in use.");
        var bound = Touch(port) with
        {
            DeviceId = server.ServerId,
            DeviceOwner = DeviceOwners.ComputePrefix + server.AvailabilityZone,
            HostId = server.NodeName ?? "",
            NodeId = server.NodeId,
            Status = server.NodeId is null ? PortStatuses.Down : PortStatuses.Build,
            DnsName = server.HostName,
            NicTag = nic.Tag,
            NicOrder = order,
            IsServerOwned = false,
        };
        await ports.SaveAsync(tx, port, bound, ct);
        await context.LogAsync(tx, actor, "port", bound, "update", ct);
        return bound;
    }

    private Port Touch(Port port) => port with { UpdatedAt = context.Clock.GetUtcNow(), RevisionNumber = port.RevisionNumber + 1 };
}
