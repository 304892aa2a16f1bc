using Appliance.Controller.Compute;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.Networks;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Quotas;
using Appliance.Controller.Networking.SecurityGroups;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking.Servers;

/// <summary>
/// Decides which NICs a server gets, or why it cannot have those it asks for. Source: nova/network/neutron.py (validate_networks,
/// _get_available_networks, _process_security_groups), texts from nova/exception.py.
/// </summary>
internal sealed class ServerNetworkPlanner(NetworkKind networks, SecurityGroupKind groups)
{
    public async Task<Outcome<NetworkPlan>> PlanAsync(Session tx, Caller caller, NetworkRequest request, int serverCount, CancellationToken ct)
    {
        if ((await FindGroupsAsync(tx, caller, request.SecurityGroups, ct)).Failed(out var badGroup, out var groupIds))
            return badGroup;
        if (request.Choice == NetworkChoice.None)
            return NetworkPlan.Empty;
        if ((await ChooseNicsAsync(tx, caller, request, serverCount, ct)).Failed(out var badNic, out var nics))
            return badNic;

        var created = nics.Count(static nic => nic.PortId is null) * serverCount;
        if (created > 0 && await QuotaStore.CheckAsync(tx, caller.ProjectId ?? "", "port", "ports", created, ct) is not null)
            return new Fault(FaultKind.OverQuota, "Maximum number of ports exceeded");
        return new NetworkPlan(nics, groupIds);
    }

    /// <summary>Ids of groups named by id or name.</summary>
    public async Task<Outcome<List<string>>> FindGroupsAsync(Session tx, Caller caller, IReadOnlyList<string> namesOrIds, CancellationToken ct)
    {
        var ids = new List<string>();
        foreach (var nameOrId in namesOrIds)
        {
            // Without an id on the plan, ports get the project's default group, which may have to be made first.
            if (nameOrId == SecurityGroup.DefaultName && await DefaultGroups.FindAsync(tx, caller.ProjectId ?? "", ct) is null)
                continue;
            var found = await FindGroupAsync(tx, caller, nameOrId, ct);
            if (found.Count > 1)
            {
                return new Fault(FaultKind.Conflict,
                    $"Multiple security groups found matching '{nameOrId}'. Use an ID to be more specific.");
            }

            if (found.Count == 0)
                return new Fault(FaultKind.Invalid, $"Security group {nameOrId} not found for project {caller.ProjectId}.");
            ids.Add(found[0].Id);
        }

        return ids.Distinct().ToList();
    }

    /// <summary>Groups of the caller's project by name, or the visible one with that id.</summary>
    public async Task<List<SecurityGroup>> FindGroupAsync(Session tx, Caller caller, string nameOrId, CancellationToken ct)
    {
        if (await groups.FindAsync(tx, caller, nameOrId, ct) is { } byId)
            return [byId];
        return await groups.Table.ListAsync(tx, "r.project_id = @project AND r.name = @name", ct, ("project", caller.ProjectId ?? ""), ("name", nameOrId));
    }

    private async Task<Outcome<List<PlannedNic>>> ChooseNicsAsync(
        Session tx, Caller caller, NetworkRequest request, int serverCount, CancellationToken ct)
    {
        if (request.Choice is NetworkChoice.Default or NetworkChoice.Auto)
            return await ChooseOnlyNetworkAsync(tx, caller, request, ct);

        var nics = new List<PlannedNic>();
        foreach (var asked in request.Nics)
        {
            var planned = asked.PortId is { } port
                ? await PlanPortAsync(tx, caller, asked, port, serverCount, ct)
                : await PlanNetworkAsync(tx, caller, asked, request.MayAttachExternal, serverCount, ct);
            if (planned.Failed(out var fault, out var nic))
                return fault;
            if (nic.PortId is not null && nics.Any(other => other.PortId == nic.PortId))
                return PortInUse(nic.PortId);
            nics.Add(nic);
        }

        return nics;
    }

    private async Task<Outcome<List<PlannedNic>>> ChooseOnlyNetworkAsync(Session tx, Caller caller, NetworkRequest request, CancellationToken ct)
    {
        // Nova's rule: the project's own networks and the shared ones; external ones only when they are the project's own.
        var available = await networks.Table.ListAsync(tx, "r.project_id = @project OR r.shared = 1", ct, ("project", caller.ProjectId ?? ""));
        if (available.Count > 1)
            return new Fault(FaultKind.Conflict, "Multiple possible networks found, use a Network ID to be more specific.");
        if (available.Count == 0)
        {
            return request.Choice == NetworkChoice.Default ? new List<PlannedNic>()
                : new Fault(FaultKind.Invalid, $"Unable to automatically allocate a network for project {caller.ProjectId}");
        }

        var nic = new RequestedNic(available[0].Id, null, null, null);
        return (await PlanNetworkAsync(tx, caller, nic, request.MayAttachExternal, 1, ct)).Failed(out var fault, out var planned)
            ? fault : new List<PlannedNic> { planned };
    }

    private async Task<Outcome<PlannedNic>> PlanNetworkAsync(
        Session tx, Caller caller, RequestedNic asked, bool mayAttachExternal, int serverCount, CancellationToken ct)
    {
        var id = asked.NetworkId!;
        if (await networks.FindAsync(tx, caller, id, ct) is not { } network)
            return new Fault(FaultKind.Invalid, $"Network {id} could not be found.");
        if (network is { External: true, Shared: false } && !mayAttachExternal)
            return new Fault(FaultKind.Forbidden, $"It is not allowed to create an interface on external network {id}");
        if (network.SubnetIds.Count == 0)
            return new Fault(FaultKind.Invalid, $"Network {id} requires a subnet in order to boot instances on.");
        if (asked.FixedIp is { } address && await CheckAddressAsync(tx, network, address, serverCount, ct) is { } bad)
            return bad;
        return new PlannedNic(id, null, asked.FixedIp, asked.Tag);
    }

    private static async Task<Fault?> CheckAddressAsync(Session tx, Network network, string address, int serverCount, CancellationToken ct)
    {
        if (serverCount > 1)
            return new Fault(FaultKind.Invalid, "Failed to launch instances: max_count cannot be greater than 1 if an fixed_ip is specified.");
        var subnets = await PortStore.ListSubnetsAsync(tx, network.Id, ct);
        if (!Ip.TryParse(address, out var ip) || !subnets.Any(subnet => SubnetRules.IsUsable(subnet.Cidr, ip, isRouterPort: false)))
        {
            return new Fault(FaultKind.Invalid,
                $"Invalid input received: Fixed IP {address} is not a valid ip address for network {network.Id}.");
        }

        var owner = await tx.FindAsync(
            """
            SELECT p.device_id FROM ip_allocations a JOIN ports p ON p.id = a.port_id WHERE p.network_id = @network AND a.ip_address = @ip
            """, static row => row.String(0), ct, ("network", network.Id), ("ip", ip.ToString()));
        return owner is null ? null : new Fault(FaultKind.Invalid, $"Fixed IP {address} is already in use on instance {owner}.");
    }

    private static async Task<Outcome<PlannedNic>> PlanPortAsync(
        Session tx, Caller caller, RequestedNic asked, string portId, int serverCount, CancellationToken ct)
    {
        if (serverCount > 1)
        {
            return new Fault(FaultKind.Invalid,
                "Unable to launch multiple instances with a single configured port ID. Please launch your instance one by one with different ports.");
        }

        if (await PortTable.Table.FindAsync(tx, portId, ct) is not { } port || (port.ProjectId != caller.ProjectId && !caller.IsAdmin))
            return new Fault(FaultKind.Invalid, $"Port id {portId} could not be found.");
        if (port.DeviceId.Length > 0)
            return PortInUse(portId);
        if (port.FixedIps.Text == "[]")
            return new Fault(FaultKind.Invalid, $"Port {portId} requires a FixedIP in order to be used.");
        return new PlannedNic(port.NetworkId, portId, null, asked.Tag);
    }

    private static Fault PortInUse(string portId) => new(FaultKind.Conflict, $"Port {portId} is still in use.");
}
