using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Addressing;
using Appliance.Controller.Networking.FloatingIps;
using Appliance.Controller.Networking.Resources;
using Appliance.Controller.Networking.Subnets;

namespace Appliance.Controller.Networking.Ports;

/// <summary>
/// Writes ports with all that hangs on them (addresses, group membership, floating IPs) for everybody who makes ports: the API, routers,
/// floating IPs, servers.
/// </summary>
internal sealed class PortStore(NetworkingContext context)
{
    private readonly List<Func<Session, string, CancellationToken, Task>> _serverListeners = [];

    /// <summary>Registers what hears, inside the changing transaction, that the ports of a server changed through the API.</summary>
    public void OnServerPortsChanged(Func<Session, string, CancellationToken, Task> changed) => _serverListeners.Add(changed);

    public static Task<List<Subnet>> ListSubnetsAsync(Session tx, string networkId, CancellationToken ct) =>
        SubnetTable.Table.ListAsync(tx, "r.network_id = @network ORDER BY r.created_at, r.id", ct, ("network", networkId));

    /// <summary>Stores a new port.</summary>
    /// <param name="draft">Without addresses; an empty MAC address means: choose one.</param>
    /// <param name="requests">Addresses asked for; null: one of each family.</param>
    public async Task<Outcome<Port>> InsertAsync(
        Session tx, Port draft, IReadOnlyList<Subnet> subnets, IReadOnlyList<FixedIpRequest>? requests, CancellationToken ct)
    {
        if ((await ChooseMacAsync(tx, draft.NetworkId, draft.MacAddress, ct)).Failed(out var macInUse, out var mac))
            return macInUse;
        var port = draft with { MacAddress = mac };
        if ((await AddressAllocator.AllocateAsync(tx, port, subnets, requests, ct)).Failed(out var noAddress, out var ips))
            return noAddress;

        port = port with { FixedIps = JsonList<FixedIp>.Of(ips, NetworkingJson.Default.ListFixedIp) };
        await PortTable.Table.InsertAsync(tx, port, ct);
        await InsertGroupsAsync(tx, port, ct);
        await context.Marks.PortAsync(tx, port, ct);
        return port;
    }

    /// <summary>Stores a changed port. Its addresses are those of <see cref="AddressAllocator"/>, which has stored them already.</summary>
    public async Task SaveAsync(Session tx, Port before, Port after, CancellationToken ct)
    {
        await PortTable.Table.UpdateAsync(tx, after, ct);
        if (before.SecurityGroupIds.Text != after.SecurityGroupIds.Text)
        {
            await tx.ExecuteAsync("DELETE FROM port_security_groups WHERE port_id = @port", ct, ("port", after.Id));
            await InsertGroupsAsync(tx, after, ct);
            await context.Marks.PortAsync(tx, before, ct);
        }

        await context.Marks.PortAsync(tx, after, ct);
    }

    public async Task DeleteAsync(Session tx, Port port, CancellationToken ct)
    {
        await FloatingIpTable.ReleasePortAsync(tx, context, port.Id, ct);
        await AddressAllocator.ReleaseAllAsync(tx, port.Id, ct);
        await tx.ExecuteAsync("DELETE FROM port_security_groups WHERE port_id = @port", ct, ("port", port.Id));
        await PortTable.Table.DeleteAsync(tx, port.Id, ct);
        await context.Marks.PortAsync(tx, port, ct);
    }

    /// <summary>Tells the servers' side that a port of one of them changed.</summary>
    public async Task NotifyServersAsync(Session tx, Port before, Port? after, CancellationToken ct)
    {
        var servers = new[] { before, after }.OfType<Port>().Where(static port => DeviceOwners.IsCompute(port.DeviceOwner))
            .Select(static port => port.DeviceId).Distinct();
        foreach (var server in servers)
        {
            foreach (var listener in _serverListeners)
                await listener(tx, server, ct);
        }
    }

    /// <summary>A free MAC address, or the asked one when it is free on the network.</summary>
    public static async Task<Outcome<string>> ChooseMacAsync(Session tx, string networkId, string asked, CancellationToken ct)
    {
        for (var mac = asked.Length > 0 ? asked : Mac.Random(); ; mac = Mac.Random())
        {
            var isTaken = await tx.CountAsync(
                "SELECT COUNT(*) FROM ports WHERE network_id = @network AND mac_address = @mac", ct, ("network", networkId), ("mac", mac)) > 0;
            if (!isTaken)
                return mac;
            if (asked.Length > 0)
            {
                return NeutronErrors.Conflict("MacAddressInUse",
                    $"Unable to complete operation for network {networkId}. The mac address {mac} is in use.");
            }
        }
    }

    private static async Task InsertGroupsAsync(Session tx, Port port, CancellationToken ct)
    {
        foreach (var group in port.SecurityGroupIds.Items)
        {
            await tx.ExecuteAsync("INSERT INTO port_security_groups (group_id, port_id) VALUES (@group, @port)",
                ct, ("group", group), ("port", port.Id));
        }
    }
}
