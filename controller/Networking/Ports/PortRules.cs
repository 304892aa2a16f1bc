using Appliance.Controller.Http;

namespace Appliance.Controller.Networking.Ports;

/// <summary>What makes a port valid. Source: neutron/plugins/ml2/plugin.py, neutron/db/{portsecurity_db,allowedaddresspairs_db,l3_db}.py.</summary>
internal static class PortRules
{
    public static Fault PairsNeedPortSecurity { get; } = NeutronErrors.Conflict("AddressPairAndPortSecurityRequired",
        "Port Security must be enabled in order to have allowed address pairs on a port.");

    public static Fault GroupsNeedPortSecurity { get; } = NeutronErrors.Conflict("PortSecurityAndIPRequiredForSecurityGroups",
        "Port security must be enabled and port must have an IP address in order to use security groups.");

    public static Fault HasGroups { get; } = NeutronErrors.Conflict("PortSecurityPortHasSecurityGroup",
        "Port has security group associated. Cannot disable port security or IP address until security group is removed.");

    public static Fault DeviceNotOwned(string deviceId) => NeutronErrors.Conflict("DeviceIDNotOwnedByTenant",
        $"The following device_id {deviceId} is not owned by your project or matches another project router.");

    /// <summary>Without port security nothing of a port is filtered, so groups and pairs would mean nothing.</summary>
    public static Fault? CheckSecurity(Port port, bool areGroupsGiven)
    {
        if (port.PortSecurityEnabled)
            return null;
        if (port.AddressPairs.Text != "[]")
            return PairsNeedPortSecurity;
        if (port.SecurityGroupIds.Text == "[]")
            return null;
        return areGroupsGiven ? GroupsNeedPortSecurity : HasGroups;
    }

    /// <summary>Router ports and floating IPs' ports go with what they belong to.</summary>
    public static Fault? CheckDelete(Port port)
    {
        var isServicePort = DeviceOwners.IsRouter(port.DeviceOwner) || port.DeviceOwner == DeviceOwners.FloatingIp;
        return isServicePort && port.DeviceId.Length > 0 && port.FixedIps.Text != "[]"
            ? NeutronErrors.Conflict("ServicePortInUse",
                $"Port {port.Id} cannot be deleted directly via the port API: has device owner {port.DeviceOwner}.")
            : null;
    }

    /// <summary>A bound port's MAC address is in use by its server.</summary>
    public static Fault? CheckMacChange(Port port, string newMac) => port.HostId.Length == 0 || port.MacAddress == newMac ? null
        : NeutronErrors.Conflict("PortBound",
            $"Unable to complete operation on port {port.Id}, port is already bound, port type: {port.VifType}, " +
            $"old_mac {port.MacAddress}, new_mac {newMac}.");

    /// <summary>New options over the old ones: a null value removes one.</summary>
    public static List<DhcpOption> MergeDhcpOptions(IReadOnlyList<DhcpOption> current, IReadOnlyList<DhcpOption> changes)
    {
        var merged = current.ToList();
        foreach (var change in changes)
        {
            merged.RemoveAll(option => option.OptName == change.OptName && option.IpVersion == change.IpVersion);
            if (change.OptValue is not null)
                merged.Add(change);
        }

        return merged;
    }

    /// <summary>Pairs without a MAC address mean the port's own.</summary>
    public static List<AddressPair> CompletePairs(IReadOnlyList<AddressPair> pairs, string macAddress) =>
        [.. pairs.Select(pair => pair with { MacAddress = pair.MacAddress ?? macAddress }).Distinct()];
}
