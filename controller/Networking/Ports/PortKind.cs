using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Networks;
using Appliance.Controller.Networking.Resources;
using Appliance.Controller.Networking.SecurityGroups;

namespace Appliance.Controller.Networking.Ports;

/// <summary>Ports as the API makes and changes them. Source: neutron/plugins/ml2/plugin.py create_port, update_port, delete_port.</summary>
internal sealed class PortKind(
    NetworkingContext context, NetworkKind networks, DefaultGroups defaults, PortStore store)
    : ResourceKind<Port>(context)
{
    public override string Name => "port";
    public override AttributeTable<Port> Attributes => PortAttributes.Table;
    public override ResourceTable<Port> Table => PortTable.Table;
    public override Fault NotFound(string id) => NeutronErrors.PortNotFound(id);

    public override string VisibleCondition =>
        "r.project_id = @caller_project OR r.network_id IN (SELECT n.id FROM networks n WHERE n.project_id = @caller_project)";

    public override async Task<Outcome<Port>> CreateAsync(Session tx, Requester requester, AttributeValues values, CancellationToken ct)
    {
        var networkId = values.Text("network_id")!;
        if (await networks.FindAsync(tx, requester.Caller, networkId, ct) is not { } network)
            return NeutronErrors.NetworkNotFound(networkId);
        if (!requester.Caller.IsAdmin && !network.Shared && network.ProjectId != requester.Caller.ProjectId)
            return NeutronErrors.HttpNotFound;
        if (PortRights.Check(Context, "create", requester.Caller, values, values.Text("project_id", ""), network) is { } notAllowed)
            return notAllowed;
        if (await CheckDeviceAsync(tx, requester.Caller, values.Text("device_owner", ""), values.Text("device_id", ""), ct) is { } device)
            return device;

        var draft = Begin(NewPort(values, network), values);
        if ((await ChooseGroupsAsync(tx, requester, draft, values.Object<List<string>>("security_groups"), ct)).Failed(out var badGroups, out var groups))
            return badGroups;
        draft = draft with { SecurityGroupIds = JsonList<string>.Of(groups, NetworkingJson.Default.ListString) };
        if (PortRules.CheckSecurity(draft, areGroupsGiven: true) is { } security)
            return security;

        var subnets = await PortStore.ListSubnetsAsync(tx, networkId, ct);
        if ((await PortStore.ChooseMacAsync(tx, networkId, draft.MacAddress, ct)).Failed(out var macInUse, out var mac))
            return macInUse;
        var pairs = PortRules.CompletePairs(values.Object<List<AddressPair>>("allowed_address_pairs") ?? [], mac);
        return await store.InsertAsync(tx, draft with
        {
            MacAddress = mac,
            AddressPairs = JsonList<AddressPair>.Of(pairs, NetworkingJson.Default.ListAddressPair),
        }, subnets, values.Object<List<FixedIpRequest>>("fixed_ips"), ct);
    }

    public override async Task<Outcome<Port>> UpdateAsync(Session tx, Requester requester, Port current, AttributeValues changes, CancellationToken ct)
    {
        if (await NetworkTable.Table.FindAsync(tx, current.NetworkId, ct) is not { } network)
            return NeutronErrors.NetworkNotFound(current.NetworkId);
        if (PortRights.Check(Context, "update", requester.Caller, changes, current.ProjectId, network) is { } notAllowed)
            return notAllowed;

        var owner = changes.Text("device_owner", current.DeviceOwner);
        var deviceId = changes.Text("device_id", current.DeviceId);
        if ((owner != current.DeviceOwner || deviceId != current.DeviceId)
            && await CheckDeviceAsync(tx, requester.Caller, owner, deviceId, ct) is { } device)
        {
            return device;
        }

        var changed = ChangePlain(current, changes) with { DeviceOwner = owner, DeviceId = deviceId };
        if ((await ChangeMacAsync(tx, current, changed, changes, ct)).Failed(out var badMac, out changed))
            return badMac;
        if ((await ChangeAddressesAsync(tx, current, changed, changes, ct)).Failed(out var badIps, out changed))
            return badIps;
        if (changes.Object<List<string>>("security_groups") is { } asked)
        {
            if ((await ChooseGroupsAsync(tx, requester, changed, asked, ct)).Failed(out var badGroups, out var groups))
                return badGroups;
            changed = changed with { SecurityGroupIds = JsonList<string>.Of(groups, NetworkingJson.Default.ListString) };
        }

        if (PortRules.CheckSecurity(changed, changes.Has("security_groups")) is { } security)
            return security;
        await store.SaveAsync(tx, current, changed, ct);
        await store.NotifyServersAsync(tx, current, changed, ct);
        return changed;
    }

    public override async Task<Fault?> DeleteAsync(Session tx, Requester requester, Port current, CancellationToken ct)
    {
        if (PortRules.CheckDelete(current) is { } refused)
            return refused;
        await store.DeleteAsync(tx, current, ct);
        await store.NotifyServersAsync(tx, current, null, ct);
        return null;
    }

    private Port NewPort(AttributeValues values, Network network)
    {
        var owner = values.Text("device_owner", "");
        var host = values.Text("binding:host_id", "");
        // Network services' own ports are trusted: nothing of theirs is filtered.
        var security = !DeviceOwners.IsNetwork(owner) && values.Flag("port_security_enabled", network.PortSecurityEnabled);
        return new Port
        {
            NetworkId = network.Id,
            AdminStateUp = values.Flag("admin_state_up", true),
            MacAddress = values.Text("mac_address", ""),
            DeviceId = values.Text("device_id", ""),
            DeviceOwner = owner,
            FixedIps = JsonList<FixedIp>.Of([], NetworkingJson.Default.ListFixedIp),
            SecurityGroupIds = JsonList<string>.Of([], NetworkingJson.Default.ListString),
            AddressPairs = JsonList<AddressPair>.Of(values.Object<List<AddressPair>>("allowed_address_pairs") ?? [], NetworkingJson.Default.ListAddressPair),
            DhcpOptions = JsonList<DhcpOption>.Of(
                PortRules.MergeDhcpOptions([], values.Object<List<DhcpOption>>("extra_dhcp_opts") ?? []), NetworkingJson.Default.ListDhcpOption),
            PortSecurityEnabled = security,
            HostId = host,
            NodeId = Context.FindNodeId(host),
            VnicType = values.Text("binding:vnic_type", "normal"),
            Profile = values.Json("binding:profile")?.GetRawText() ?? "{}",
        };
    }

    private Port ChangePlain(Port current, AttributeValues changes)
    {
        var host = changes.Has("binding:host_id") ? changes.Text("binding:host_id", "") : current.HostId;
        var adminStateUp = changes.Flag("admin_state_up", current.AdminStateUp);
        return Change(current, changes) with
        {
            AdminStateUp = adminStateUp,
            Status = adminStateUp ? current.Status : PortStatuses.Down,
            PortSecurityEnabled = changes.Flag("port_security_enabled", current.PortSecurityEnabled),
            HostId = host,
            NodeId = host == current.HostId ? current.NodeId : Context.FindNodeId(host),
            VnicType = changes.Text("binding:vnic_type", current.VnicType),
            Profile = changes.Has("binding:profile") ? changes.Json("binding:profile")?.GetRawText() ?? "{}" : current.Profile,
            DhcpOptions = changes.Object<List<DhcpOption>>("extra_dhcp_opts") is { } options
                ? JsonList<DhcpOption>.Of(PortRules.MergeDhcpOptions(current.DhcpOptions.Items, options), NetworkingJson.Default.ListDhcpOption)
                : current.DhcpOptions,
        };
    }

    private static async Task<Outcome<Port>> ChangeMacAsync(Session tx, Port current, Port changed, AttributeValues changes, CancellationToken ct)
    {
        var pairs = changes.Object<List<AddressPair>>("allowed_address_pairs");
        if (changes.Text("mac_address") is { } mac && mac != current.MacAddress)
        {
            if (PortRules.CheckMacChange(changed, mac) is { } bound)
                return bound;
            if ((await PortStore.ChooseMacAsync(tx, current.NetworkId, mac, ct)).Failed(out var inUse, out _))
                return inUse;
            changed = changed with { MacAddress = mac };
        }

        return pairs is null ? changed : changed with
        {
            AddressPairs = JsonList<AddressPair>.Of(PortRules.CompletePairs(pairs, changed.MacAddress), NetworkingJson.Default.ListAddressPair),
        };
    }

    // Addresses made of the MAC address follow it.
    private static async Task<Outcome<Port>> ChangeAddressesAsync(Session tx, Port current, Port changed, AttributeValues changes, CancellationToken ct)
    {
        var requests = changes.Object<List<FixedIpRequest>>("fixed_ips");
        var hasNewMac = changed.MacAddress != current.MacAddress;
        if (requests is null && !hasNewMac)
            return changed;

        if (requests is not null && await CheckFloatingAsync(tx, current, requests, ct) is { } floating)
            return floating;
        var subnets = await PortStore.ListSubnetsAsync(tx, current.NetworkId, ct);
        var kept = current.FixedIps.Items;
        if (hasNewMac)
        {
            var outdated = kept.Where(ip => subnets.Any(subnet => subnet.Id == ip.SubnetId && subnet.IsAutoAddress)).ToList();
            foreach (var ip in outdated)
                await AddressAllocator.ReleaseAsync(tx, ip, ct);
            kept = [.. kept.Except(outdated)];
            changed = changed with { FixedIps = JsonList<FixedIp>.Of(kept, NetworkingJson.Default.ListFixedIp) };
        }

        requests ??= [.. kept.Select(static ip => new FixedIpRequest(ip.SubnetId, ip.IpAddress))];
        if ((await AddressAllocator.ReallocateAsync(tx, changed, subnets, requests, ct)).Failed(out var fault, out var ips))
            return fault;
        return changed with { FixedIps = JsonList<FixedIp>.Of(ips, NetworkingJson.Default.ListFixedIp) };
    }

    // An address that a floating IP leads to stays. neutron/db/l3_db.py prevent_internal_ip_change_for_fip
    private static async Task<Fault?> CheckFloatingAsync(Session tx, Port port, List<FixedIpRequest> requests, CancellationToken ct)
    {
        var held = await tx.ListAsync("SELECT fixed_ip_address FROM floatingips WHERE port_id = @port", static row => row.String(0), ct, ("port", port.Id));
        return held.Any(address => !requests.Any(request => request.IpAddress == address)) ? NeutronErrors.Invalid("BadRequest",
            $"Bad port request: Cannot update the fixed_ips of the port {port.Id}, because its original fixed_ip has been associated to a floating ip.") : null;
    }

    // Asked groups that the port's project can see, or its default group.
    private async Task<Outcome<List<string>>> ChooseGroupsAsync(
        Session tx, Requester requester, Port port, List<string>? asked, CancellationToken ct)
    {
        if (DeviceOwners.IsNetwork(port.DeviceOwner))
            return new List<string>();
        if (asked is null)
            return port.PortSecurityEnabled ? [await defaults.EnsureAsync(tx, requester.Actor, port.ProjectId, ct)] : new List<string>();

        var states = new HashSet<bool>();
        foreach (var id in asked)
        {
            var group = await SecurityGroupTable.Table.FindAsync(tx, id, ct);
            if (group is null || (!requester.Caller.IsAdmin && group.ProjectId != port.ProjectId))
                return SecurityGroupErrors.NotFound(id);
            states.Add(group.Stateful);
        }

        return states.Count > 1 ? SecurityGroupErrors.MixedState : asked;
    }

    // A router's port must be of a router the caller has; anything else would let it pose as one.
    private static async Task<Fault?> CheckDeviceAsync(Session tx, Caller caller, string owner, string deviceId, CancellationToken ct)
    {
        if (caller.IsAdmin || deviceId.Length == 0 || (owner.Length > 0 && !DeviceOwners.IsRouter(owner)))
            return null;
        var project = await tx.FindAsync("SELECT project_id FROM routers WHERE id = @id", static row => row.String(0), ct, ("id", deviceId));
        return project is not null && project != caller.ProjectId ? PortRules.DeviceNotOwned(deviceId) : null;
    }
}
