using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Linux.Libc;
using static Appliance.Linux.Netlink.Route.RouteConstants;

namespace Appliance.Linux.Netlink.Route;

/// <summary>Reads RTM_NEWLINK messages.</summary>
internal static class LinkReader
{
    public static LinkInfo? Read(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type != RTM_NEWLINK || !MemoryMarshal.TryRead<IfInfoMsg>(payload, out var header))
            return null;

        var link = new LinkInfo(header.ifi_index, "", "", 0, "", (header.ifi_flags & IFF_UP) != 0, 0, 0, "", true, null, null, null);
        foreach (var attribute in new NetlinkAttributes(payload[Unsafe.SizeOf<IfInfoMsg>()..]))
        {
            link = attribute.Type switch
            {
                IFLA_IFNAME => link with { Name = attribute.Text },
                IFLA_MTU => link with { Mtu = attribute.I32 },
                IFLA_ADDRESS => link with { MacAddress = MacText.Format(attribute.Data) },
                IFLA_MASTER => link with { Master = attribute.I32 },
                IFLA_LINK => link with { PeerIndex = attribute.I32 },
                IFLA_IFALIAS => link with { Alias = attribute.Text },
                IFLA_LINKINFO => ReadInfo(link, attribute.Nested),
                IFLA_AF_SPEC => link with { GeneratesLinkLocal = ReadAddrGenMode(attribute.Nested) != IN6_ADDR_GEN_MODE_NONE },
                _ => link,
            };
        }

        return link;
    }

    private static LinkInfo ReadInfo(LinkInfo link, NetlinkAttributes info)
    {
        string slaveKind = "";
        foreach (var attribute in info)
        {
            switch (attribute.Type)
            {
                case IFLA_INFO_KIND:
                    link = link with { Kind = attribute.Text };
                    break;
                case IFLA_INFO_DATA when link.Kind == "vxlan":
                    link = link with { Vxlan = ReadVxlan(attribute.Nested) };
                    break;
                case IFLA_INFO_DATA when link.Kind == "bridge":
                    link = link with { Bridge = ReadBridge(attribute.Nested) };
                    break;
                case IFLA_INFO_SLAVE_KIND:
                    slaveKind = attribute.Text;
                    break;
                case IFLA_INFO_SLAVE_DATA when slaveKind == "bridge":
                    link = link with { BridgePort = ReadBridgePort(attribute.Nested) };
                    break;
            }
        }

        return link;
    }

    private static VxlanAttributes ReadVxlan(NetlinkAttributes data)
    {
        var vxlan = new VxlanAttributes(0, null, 0, false);
        foreach (var attribute in data)
        {
            vxlan = attribute.Type switch
            {
                IFLA_VXLAN_ID => vxlan with { Vni = attribute.U32 },
                IFLA_VXLAN_LOCAL or IFLA_VXLAN_LOCAL6 => vxlan with { Local = new IPAddress(attribute.Data) },
                IFLA_VXLAN_PORT => vxlan with { Port = attribute.U16BigEndian },
                IFLA_VXLAN_LEARNING => vxlan with { Learning = attribute.U8 != 0 },
                _ => vxlan,
            };
        }

        return vxlan;
    }

    private static BridgeAttributes ReadBridge(NetlinkAttributes data)
    {
        var bridge = new BridgeAttributes(false, 0, false, false, false);
        foreach (var attribute in data)
        {
            bridge = attribute.Type switch
            {
                IFLA_BR_STP_STATE => bridge with { SpanningTree = attribute.U32 != 0 },
                IFLA_BR_FORWARD_DELAY => bridge with { ForwardDelay = attribute.I32 },
                IFLA_BR_MCAST_SNOOPING => bridge with { MulticastSnooping = attribute.U8 != 0 },
                IFLA_BR_NF_CALL_IPTABLES => bridge with { CallsIptables = attribute.U8 != 0 },
                IFLA_BR_NF_CALL_IP6TABLES => bridge with { CallsIp6tables = attribute.U8 != 0 },
                _ => bridge,
            };
        }

        return bridge;
    }

    private static BridgePortAttributes ReadBridgePort(NetlinkAttributes data)
    {
        bool learning = false;
        foreach (var attribute in data)
        {
            if (attribute.Type == IFLA_BRPORT_LEARNING)
                learning = attribute.U8 != 0;
        }

        return new(learning);
    }

    private static byte ReadAddrGenMode(NetlinkAttributes families)
    {
        foreach (var family in families)
        {
            if (family.Type != Sockets.AF_INET6)
                continue;
            foreach (var attribute in family.Nested)
            {
                if (attribute.Type == IFLA_INET6_ADDR_GEN_MODE)
                    return attribute.U8;
            }
        }

        return IN6_ADDR_GEN_MODE_NONE;
    }
}
