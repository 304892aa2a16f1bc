using Appliance.Controller.Http;
using Appliance.Controller.Http.Policies;
using Appliance.Controller.Networking.Attributes;
using Appliance.Controller.Networking.Networks;

namespace Appliance.Controller.Networking.Ports;

/// <summary>
/// Rights on a port that depend on whose network it is on. On somebody else's shared network a port gets the address that it is given:
/// choosing addresses, switching filters off or posing as the network's own service is its owner's business.
/// Source: neutron/conf/policies/port.py.
/// </summary>
internal static class PortRights
{
    private static readonly string[] Attributes = ["device_owner", "mac_address", "fixed_ips", "port_security_enabled", "allowed_address_pairs"];

    /// <param name="action"><c>create</c> or <c>update</c>.</param>
    /// <param name="projectId">Owner of the port.</param>
    public static Fault? Check(
        NetworkingContext context, string action, Caller caller, AttributeValues values, string projectId, Network network)
    {
        var target = new PolicyTarget(projectId, Attributes: new Dictionary<string, string?>
        {
            ["network:project_id"] = network.ProjectId,
            ["network:tenant_id"] = network.ProjectId,
            ["network:shared"] = network.Shared ? "True" : "False",
            ["network_device"] = DeviceOwners.IsNetwork(values.Text("device_owner", "")) ? "True" : "False",
        });
        var refused = Rules(values).Select(rule => $"{action}_port:{rule}")
            .FirstOrDefault(rule => !context.Policy.Allows("neutron", rule, caller, target));
        return refused is null ? null : NeutronErrors.Forbidden(refused);
    }

    private static IEnumerable<string> Rules(AttributeValues values)
    {
        foreach (var name in Attributes)
        {
            if (values.Has(name))
                yield return name;
        }

        if (values.Object<List<FixedIpRequest>>("fixed_ips") is { } ips)
        {
            if (ips.Any(static ip => ip.IpAddress is not null))
                yield return "fixed_ips:ip_address";
            if (ips.Any(static ip => ip.SubnetId is not null))
                yield return "fixed_ips:subnet_id";
        }

        if (values.Object<List<AddressPair>>("allowed_address_pairs") is { Count: > 0 })
        {
            yield return "allowed_address_pairs:mac_address";
            yield return "allowed_address_pairs:ip_address";
        }
    }
}
