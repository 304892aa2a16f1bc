using static Appliance.Linux.Netlink.Route.RouteConstants;

namespace Appliance.Linux.Netlink.Route;

/// <summary>Options of bridge ports that decide between which ports a bridge forwards.</summary>
internal static class BridgePortRequests
{
    /// <summary>linux/if_link.h</summary>
    private const ushort IFLA_BRPORT_ISOLATED = 33;

    /// <summary>
    /// Whether the port is kept apart from the bridge's other isolated ports; with all others it exchanges frames as before. What answers on
    /// every node under one address is isolated, and so is what leads to other nodes: then each guest reaches its own node's only.
    /// </summary>
    public static NetlinkBatch SetBridgePortIsolated(this NetlinkBatch batch, LinkInfo port, bool isolated)
    {
        batch.Begin(RTM_NEWLINK, 0, $"set isolation of bridge port {port.Name}").Struct(new IfInfoMsg { ifi_index = port.Index });
        int info = batch.BeginNest(IFLA_LINKINFO);
        batch.PutString(IFLA_INFO_SLAVE_KIND, "bridge");
        int data = batch.BeginNest(IFLA_INFO_SLAVE_DATA);
        batch.PutU8(IFLA_BRPORT_ISOLATED, isolated ? (byte)1 : (byte)0);
        return batch.EndNest(data).EndNest(info);
    }
}
