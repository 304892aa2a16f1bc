using System.Net;
using System.Net.Sockets;
using Appliance.Linux.Libc;
using static Appliance.Linux.Netlink.NetlinkConstants;
using static Appliance.Linux.Netlink.Route.RouteConstants;

namespace Appliance.Linux.Netlink.Route;

/// <summary>Requests that make, change and remove links. New links are down and have no IPv6 link-local address of their own.</summary>
internal static class LinkRequests
{
    /// <summary>A bridge without spanning tree that floods multicast and, where the kernel can, shows its IP frames to the inet hooks.</summary>
    public static NetlinkBatch AddBridge(this NetlinkBatch batch, string name, int mtu)
    {
        batch.BeginLink(name, $"create bridge {name}").PutU32(IFLA_MTU, (uint)mtu);
        int info = batch.BeginInfo("bridge", out int data);
        batch.PutBridgeOptions();
        return batch.EndNest(data).EndNest(info);
    }

    /// <summary>Sets the options of <see cref="AddBridge"/> on a bridge that exists.</summary>
    public static NetlinkBatch SetBridge(this NetlinkBatch batch, LinkInfo bridge)
    {
        batch.Begin(RTM_NEWLINK, 0, $"set bridge options of {bridge.Name}").Struct(new IfInfoMsg { ifi_index = bridge.Index });
        int info = batch.BeginInfo("bridge", out int data);
        batch.PutBridgeOptions();
        return batch.EndNest(data).EndNest(info);
    }

    /// <summary>A VXLAN end that learns nothing: its forwarding entries are all given (<see cref="NeighborRequests"/>).</summary>
    public static NetlinkBatch AddVxlan(this NetlinkBatch batch, string name, int mtu, VxlanAttributes vxlan)
    {
        batch.BeginLink(name, $"create vxlan {name} (vni {vxlan.Vni}, local {vxlan.Local})").PutU32(IFLA_MTU, (uint)mtu);
        int info = batch.BeginInfo("vxlan", out int data);
        batch.PutU32(IFLA_VXLAN_ID, vxlan.Vni).PutU8(IFLA_VXLAN_LEARNING, vxlan.Learning ? (byte)1 : (byte)0)
            .PutU16BigEndian(IFLA_VXLAN_PORT, (ushort)vxlan.Port);
        if (vxlan.Local is { } local)
            batch.Put(local.AddressFamily == AddressFamily.InterNetwork ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6, local.GetAddressBytes());
        return batch.EndNest(data).EndNest(info);
    }

    /// <summary>A pair of connected links; the peer may be born in another namespace.</summary>
    /// <param name="peerNamespace">Null: the same namespace.</param>
    /// <param name="peerMac">Null: the kernel chooses.</param>
    public static NetlinkBatch AddVeth(this NetlinkBatch batch, string name, int mtu, string peerName, Fd? peerNamespace, string? peerMac)
    {
        batch.BeginLink(name, $"create veth {name} to {peerName}").PutU32(IFLA_MTU, (uint)mtu);
        int info = batch.BeginInfo("veth", out int data);
        int peer = batch.BeginNest(VETH_INFO_PEER);
        batch.Struct(new IfInfoMsg()).PutString(IFLA_IFNAME, peerName).PutU32(IFLA_MTU, (uint)mtu);
        if (peerMac is not null)
            batch.Put(IFLA_ADDRESS, MacText.Parse(peerMac));
        if (peerNamespace is not null)
            batch.PutU32(IFLA_NET_NS_FD, (uint)peerNamespace.Number);
        return batch.EndNest(peer).EndNest(data).EndNest(info);
    }

    public static NetlinkBatch DeleteLink(this NetlinkBatch batch, LinkInfo link) =>
        batch.Begin(RTM_DELLINK, 0, $"delete link {link.Name}").Struct(new IfInfoMsg { ifi_index = link.Index });

    /// <summary>Changes what is given of a link; null leaves it.</summary>
    /// <param name="master">Index of a bridge, 0 to leave the bridge it is in.</param>
    public static NetlinkBatch SetLink(
        this NetlinkBatch batch, LinkInfo link, bool? up = null, int? mtu = null, int? master = null, string? alias = null,
        string? mac = null, bool withoutLinkLocal = false)
    {
        batch.Begin(RTM_SETLINK, 0, $"set link {link.Name}").Struct(new IfInfoMsg
        {
            ifi_index = link.Index,
            ifi_flags = up == true ? IFF_UP : 0,
            ifi_change = up is null ? 0 : IFF_UP,
        });
        if (mtu is { } newMtu)
            batch.PutU32(IFLA_MTU, (uint)newMtu);
        if (master is { } newMaster)
            batch.PutU32(IFLA_MASTER, (uint)newMaster);
        if (alias is not null)
            batch.PutString(IFLA_IFALIAS, alias);
        if (mac is not null)
            batch.Put(IFLA_ADDRESS, MacText.Parse(mac));
        return withoutLinkLocal ? batch.PutNoLinkLocal() : batch;
    }

    /// <summary>Whether the bridge learns addresses from what comes in at this port.</summary>
    public static NetlinkBatch SetBridgePortLearning(this NetlinkBatch batch, LinkInfo port, bool learning)
    {
        // Bridge port attributes of RTM_NEWLINK belong to the link's slave info, with the bridge's kind named.
        batch.Begin(RTM_NEWLINK, 0, $"set learning of bridge port {port.Name}").Struct(new IfInfoMsg { ifi_index = port.Index });
        int info = batch.BeginNest(IFLA_LINKINFO);
        batch.PutString(IFLA_INFO_SLAVE_KIND, "bridge");
        int data = batch.BeginNest(IFLA_INFO_SLAVE_DATA);
        batch.PutU8(IFLA_BRPORT_LEARNING, learning ? (byte)1 : (byte)0);
        return batch.EndNest(data).EndNest(info);
    }

    private static NetlinkBatch BeginLink(this NetlinkBatch batch, string name, string operation) => batch
        .Begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, operation)
        .Struct(new IfInfoMsg())
        .PutString(IFLA_IFNAME, name);

    private static int BeginInfo(this NetlinkBatch batch, string kind, out int data)
    {
        int info = batch.BeginNest(IFLA_LINKINFO);
        batch.PutString(IFLA_INFO_KIND, kind);
        data = batch.BeginNest(IFLA_INFO_DATA);
        return info;
    }

    private static void PutBridgeOptions(this NetlinkBatch batch) => batch
        .PutU32(IFLA_BR_FORWARD_DELAY, 0)
        .PutU32(IFLA_BR_STP_STATE, 0)
        .PutU8(IFLA_BR_MCAST_SNOOPING, 0)
        .PutU8(IFLA_BR_NF_CALL_IPTABLES, 1)
        .PutU8(IFLA_BR_NF_CALL_IP6TABLES, 1);

    private static NetlinkBatch PutNoLinkLocal(this NetlinkBatch batch)
    {
        int families = batch.BeginNest(IFLA_AF_SPEC);
        int inet6 = batch.BeginNest(Libc.Sockets.AF_INET6);
        batch.PutU8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
        return batch.EndNest(inet6).EndNest(families);
    }
}
