using System.Security.Cryptography;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.FloatingIps;
using Appliance.Controller.Networking.Ports;
using Appliance.Controller.Networking.Projection;
using Appliance.Controller.Networking.Resources;

namespace Appliance.Controller.Networking.Networks;

/// <summary>Networks. Source: neutron/db/db_base_plugin_v2.py, neutron/db/external_net_db.py, neutron/plugins/ml2/plugin.py.</summary>
internal sealed class NetworkKind(NetworkingContext context, PortStore portStore) : ResourceKind<Network>(context)
{
    public override string Name => "network";
    public override AttributeTable<Network> Attributes => NetworkAttributes.Table;
    public override ResourceTable<Network> Table => NetworkTable.Table;
    public override Fault NotFound(string id) => NeutronErrors.NetworkNotFound(id);
    public override string VisibleCondition => Visible("r");

    /// <summary>Networks a project sees: its own, the shared and the external ones.</summary>
    public static string Visible(string alias) =>
        $"({alias}.project_id = @caller_project OR {alias}.shared = 1 OR {alias}.external = 1)";

    public override async Task<List<Network>> CompleteAsync(Session tx, List<Network> items, CancellationToken ct)
    {
        if (items.Count == 0)
            return items;
        // One network is asked for exactly; a list takes all in one query, which is cheaper than a statement of its own length each time.
        var rows = items.Count == 1
            ? await tx.ListAsync("SELECT network_id, id FROM subnets WHERE network_id = @id ORDER BY created_at, id",
                static row => (Network: row.String(0), Id: row.String(1)), ct, ("id", items[0].Id))
            : await tx.ListAsync("SELECT network_id, id FROM subnets ORDER BY created_at, id",
                static row => (Network: row.String(0), Id: row.String(1)), ct);
        var byNetwork = rows.ToLookup(static row => row.Network, static row => row.Id);
        return [.. items.Select(network => network with { SubnetIds = [.. byNetwork[network.Id]] })];
    }

    public override async Task<Outcome<Network>> CreateAsync(Session tx, Requester requester, AttributeValues values, CancellationToken ct)
    {
        if (NetworkRules.ReadSegment(values).Failed(out var badSegment, out var segment))
            return badSegment;
        if (values.Flag("router:external", false) && values.Text("provider:network_type") is null)
            segment = await ExternalSegmentAsync(tx, segment, ct);
        if (NetworkRules.ReadMtu(values.Number("mtu") ?? 0, segment.Type).Failed(out var badMtu, out var mtu))
            return badMtu;
        if ((await AllocateSegmentAsync(tx, segment, ct)).Failed(out var taken, out var vni))
            return taken;

        var network = Begin(new Network
        {
            AdminStateUp = values.Flag("admin_state_up", true),
            Shared = values.Flag("shared", false),
            External = values.Flag("router:external", false),
            PortSecurityEnabled = values.Flag("port_security_enabled", true),
            Mtu = mtu,
            Type = segment.Type,
            PhysicalNetwork = segment.PhysicalNetwork,
            SegmentationId = vni == 0 ? null : vni,
            IsDefault = values.Flag("is_default", false),
            ZoneHints = new(values.Text("availability_zone_hints", "[]"), NetworkingJson.Default.ListString),
        }, values);
        await Table.InsertAsync(tx, network, ct);
        return network;
    }

    public override async Task<Outcome<Network>> UpdateAsync(
        Session tx, Requester requester, Network current, AttributeValues changes, CancellationToken ct)
    {
        if (NetworkRules.CheckSegmentUnchanged(current, changes) is { } segment)
            return segment;
        if (NetworkRules.ReadMtu(changes.Number("mtu") ?? current.Mtu, current.Type).Failed(out var badMtu, out var mtu))
            return badMtu;
        var changed = Change(current, changes) with
        {
            AdminStateUp = changes.Flag("admin_state_up", current.AdminStateUp),
            Shared = changes.Flag("shared", current.Shared),
            External = changes.Flag("router:external", current.External),
            PortSecurityEnabled = changes.Flag("port_security_enabled", current.PortSecurityEnabled),
            Mtu = mtu,
            IsDefault = changes.Flag("is_default", current.IsDefault),
        };
        if (await CheckSharingAsync(tx, current, changed, ct) is { } inUse)
            return inUse;

        await Table.UpdateAsync(tx, changed, ct);
        await Context.Marks.NetworkAsync(tx, current.Id, ct);
        return changed;
    }

    public override async Task<Fault?> DeleteAsync(Session tx, Requester requester, Network current, CancellationToken ct)
    {
        await DeleteIdleFloatingIpsAsync(tx, current.Id, ct);
        var ports = await tx.ListAsync("SELECT id FROM ports WHERE network_id = @id ORDER BY id LIMIT 20", static row => row.String(0), ct, ("id", current.Id));
        if (ports.Count > 0)
            return NetworkRules.InUse(current.Id, ports);
        await tx.ExecuteAsync("DELETE FROM subnets WHERE network_id = @id", ct, ("id", current.Id));
        await Table.DeleteAsync(tx, current.Id, ct);
        await Context.Marks.NetworkAsync(tx, current.Id, ct);
        return null;
    }

    // Floating IPs that lead nowhere do not hold their network. neutron/db/l3_db.py delete_disassociated_floatingips
    private async Task DeleteIdleFloatingIpsAsync(Session tx, string networkId, CancellationToken ct)
    {
        foreach (var ip in await FloatingIpTable.Table.ListAsync(tx, "r.network_id = @network AND r.port_id IS NULL", ct, ("network", networkId)))
        {
            await FloatingIpTable.Table.DeleteAsync(tx, ip.Id, ct);
            if (await PortTable.Table.FindAsync(tx, ip.ExternalPortId, ct) is { } port)
                await portStore.DeleteAsync(tx, port, ct);
        }
    }

    // An external network that names no provider is the site's way out, as long as that is free: what ml2's external_network_type says.
    private async Task<(string Type, string? PhysicalNetwork, int? SegmentationId)> ExternalSegmentAsync(
        Session tx, (string Type, string? PhysicalNetwork, int? SegmentationId) tenant, CancellationToken ct)
    {
        var physical = Context.Options.ExternalPhysicalNetwork;
        return await IsPhysicalTakenAsync(tx, physical, ct) ? tenant : ("flat", physical, null);
    }

    private static async Task<bool> IsPhysicalTakenAsync(Session tx, string? physical, CancellationToken ct) =>
        await tx.CountAsync("SELECT COUNT(*) FROM networks WHERE physical_network = @physical", ct, ("physical", physical)) > 0;

    // Answers the VNI; 0 for a flat network.
    private static async Task<Outcome<int>> AllocateSegmentAsync(
        Session tx, (string Type, string? PhysicalNetwork, int? SegmentationId) segment, CancellationToken ct)
    {
        if (segment.Type == "flat")
            return await IsPhysicalTakenAsync(tx, segment.PhysicalNetwork, ct) ? NetworkRules.FlatInUse(segment.PhysicalNetwork!) : 0;

        if (segment.SegmentationId is { } asked)
            return await IsVniTakenAsync(tx, asked, ct) ? NetworkRules.TunnelIdInUse(asked) : asked;

        // Random, so that a VNI is not used again soon after its network is gone: late packets of the old one find nobody.
        while (true)
        {
            var vni = RandomNumberGenerator.GetInt32(1, NetworkRules.MaxVni + 1);
            if (!await IsVniTakenAsync(tx, vni, ct))
                return vni;
        }
    }

    private static async Task<bool> IsVniTakenAsync(Session tx, int vni, CancellationToken ct) =>
        await tx.CountAsync("SELECT COUNT(*) FROM networks WHERE segmentation_id = @vni", ct, ("vni", (long)vni)) > 0;

    private static async Task<Fault?> CheckSharingAsync(Session tx, Network current, Network changed, CancellationToken ct)
    {
        if (current.Shared && !changed.Shared)
        {
            var others = await tx.CountAsync(
                """
                SELECT COUNT(*) FROM ports WHERE network_id = @id AND project_id <> @project AND device_owner NOT LIKE 'network:%'
                """, ct, ("id", current.Id), ("project", current.ProjectId));
            others += await tx.CountAsync("SELECT COUNT(*) FROM subnets WHERE network_id = @id AND project_id <> @project",
                ct, ("id", current.Id), ("project", current.ProjectId));
            if (others > 0)
            {
                return NeutronErrors.Conflict("InvalidSharedSetting",
                    $"Unable to reconfigure sharing settings for network {current.Name}. Multiple projects are using it.");
            }
        }

        var hasGateways = current.External && !changed.External && await tx.CountAsync(
            "SELECT COUNT(*) FROM ports WHERE network_id = @id AND device_owner IN (@gateway, @floating)",
            ct, ("id", current.Id), ("gateway", DeviceOwners.RouterGateway), ("floating", DeviceOwners.FloatingIp)) > 0;
        return hasGateways ? NeutronErrors.Conflict("ExternalNetworkInUse",
            $"External network {current.Id} cannot be updated to be made non-external, since it has existing gateway ports.") : null;
    }
}
