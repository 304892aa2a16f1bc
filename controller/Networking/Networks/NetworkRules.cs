using Appliance.Controller.Http;
using Appliance.Controller.Networking.Attributes;

namespace Appliance.Controller.Networking.Networks;

/// <summary>What makes a network valid. Source: neutron/plugins/ml2/{managers,drivers/type_flat,drivers/type_tunnel,plugin}.py.</summary>
internal static class NetworkRules
{
    public const int MaxVni = (1 << 24) - 1;

    /// <summary>Bytes an IP packet may have on the underlay; Neutron's <c>global_physnet_mtu</c>.</summary>
    public const int PhysicalMtu = 1500;

    /// <summary>Outer IPv4, UDP and VXLAN headers with the inner Ethernet header, in bytes.</summary>
    public const int VxlanOverhead = 50;

    /// <summary>The provider attributes of a body, checked; without any, a tenant network.</summary>
    public static Outcome<(string Type, string? PhysicalNetwork, int? SegmentationId)> ReadSegment(AttributeValues values)
    {
        var physical = values.Text("provider:physical_network");
        var segment = values.Number("provider:segmentation_id");
        switch (values.Text("provider:network_type"))
        {
            case null when physical is not null || segment is not null:
                return NeutronErrors.InvalidInput("network_type required");
            case null:
                return ("vxlan", null, null);
            case "flat" when string.IsNullOrEmpty(physical):
                return NeutronErrors.InvalidInput("physical_network required for flat provider network");
            case "flat" when segment is not null:
                return NeutronErrors.InvalidInput("segmentation_id prohibited for flat provider network");
            case "flat":
                return ("flat", physical, null);
            case "vxlan" when physical is not null:
                return NeutronErrors.InvalidInput("provider:physical_network specified for vxlan network");
            case "vxlan" when segment is < 1 or > MaxVni:
                return NeutronErrors.InvalidInput($"segmentation_id out of range (1 through {MaxVni})");
            case "vxlan":
                return ("vxlan", null, (int?)segment);
            case var other:
                return NeutronErrors.InvalidInput($"network_type value '{other}' not supported");
        }
    }

    public static int MaxMtu(string type) => type == "vxlan" ? PhysicalMtu - VxlanOverhead : PhysicalMtu;

    /// <summary>The MTU a body asks for (0: the largest).</summary>
    public static Outcome<int> ReadMtu(long asked, string type)
    {
        var max = MaxMtu(type);
        return asked > max ? NeutronErrors.InvalidInput($"Requested MTU is too big, maximum is {max}") : asked == 0 ? max : (int)asked;
    }

    /// <summary>What provider attributes name a network by never changes.</summary>
    public static Fault? CheckSegmentUnchanged(Network network, AttributeValues changes)
    {
        var isChanged = (changes.Has("provider:network_type") && changes.Text("provider:network_type") != network.Type)
            || (changes.Has("provider:physical_network") && changes.Text("provider:physical_network") != network.PhysicalNetwork)
            || (changes.Has("provider:segmentation_id") && changes.Number("provider:segmentation_id") != network.SegmentationId);
        return isChanged ? NeutronErrors.InvalidInput("Plugin does not support updating provider attributes") : null;
    }

    public static Fault FlatInUse(string physicalNetwork) => NeutronErrors.Conflict("FlatNetworkInUse",
        $"Unable to create the flat network. Physical network {physicalNetwork} is in use.");

    public static Fault TunnelIdInUse(int vni) => NeutronErrors.Conflict("TunnelIdInUse", $"Unable to create the network. The tunnel ID {vni} is in use.");

    public static Fault InUse(string id, IEnumerable<string> portIds) => NeutronErrors.Conflict("NetworkInUse",
        $"Unable to complete operation on network {id}. There are one or more ports still in use on the network, id for these ports is: {string.Join(",", portIds)}.");
}
