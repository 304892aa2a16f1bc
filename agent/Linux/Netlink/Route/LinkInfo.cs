using System.Net;

namespace Appliance.Linux.Netlink.Route;

/// <summary>A network interface as the kernel describes it.</summary>
/// <param name="Kind"><c>bridge</c>, <c>vxlan</c>, <c>veth</c>, <c>tun</c> …; empty for a hardware device.</param>
/// <param name="MacAddress">Six bytes as lower-case hexadecimal with colons; empty when it has none.</param>
/// <param name="Master">Interface index of the bridge it is a port of; 0 for none.</param>
/// <param name="PeerIndex">IFLA_LINK: for a veth the index of its other end in that end's namespace; 0 for none.</param>
/// <param name="Alias">IFLA_IFALIAS; empty for none.</param>
/// <param name="GeneratesLinkLocal">Whether it gives itself an IPv6 address when it comes up.</param>
internal sealed record LinkInfo(
    int Index, string Name, string Kind, int Mtu, string MacAddress, bool Up, int Master, int PeerIndex, string Alias,
    bool GeneratesLinkLocal, VxlanAttributes? Vxlan, BridgeAttributes? Bridge, BridgePortAttributes? BridgePort);

/// <param name="Vni">VXLAN network identifier.</param>
/// <param name="Port">UDP port.</param>
internal sealed record VxlanAttributes(uint Vni, IPAddress? Local, int Port, bool Learning);

/// <param name="ForwardDelay">In hundredths of a second.</param>
/// <param name="CallsIptables">Whether br_netfilter shows its IPv4 frames to the inet hooks.</param>
/// <param name="CallsIp6tables">The same for IPv6.</param>
internal sealed record BridgeAttributes(
    bool SpanningTree, int ForwardDelay, bool MulticastSnooping, bool CallsIptables, bool CallsIp6tables);

internal sealed record BridgePortAttributes(bool Learning);
