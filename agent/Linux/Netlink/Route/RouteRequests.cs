using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Linux.Libc;
using static Appliance.Linux.Netlink.NetlinkConstants;
using static Appliance.Linux.Netlink.Route.RouteConstants;

namespace Appliance.Linux.Netlink.Route;

/// <summary>A route of the main table.</summary>
/// <param name="Destination">Length 0: the default route.</param>
/// <param name="NextHop">Null: the destination is on the link.</param>
/// <param name="LinkIndex">0 when the route is to find its link by the next hop.</param>
internal sealed record RouteEntry(IpPrefix Destination, IPAddress? NextHop, int LinkIndex);

/// <summary>Requests about routes of protocol "static": the others are the kernel's or somebody else's.</summary>
internal static class RouteRequests
{
    /// <param name="onLink">The next hop is reachable on the link although no address says so.</param>
    public static NetlinkBatch AddRoute(this NetlinkBatch batch, RouteEntry route, bool onLink = false) =>
        batch.BeginRoute(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route, "add", onLink);

    public static NetlinkBatch DeleteRoute(this NetlinkBatch batch, RouteEntry route) =>
        batch.BeginRoute(RTM_DELROUTE, 0, route, "delete", onLink: false);

    /// <summary>Reads static unicast routes of the main table; null for any other.</summary>
    public static RouteEntry? Read(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type != RTM_NEWROUTE || !MemoryMarshal.TryRead<RtMsg>(payload, out var header))
            return null;
        if (header.rtm_table != RT_TABLE_MAIN || header.rtm_protocol != RTPROT_STATIC || header.rtm_type != RTN_UNICAST)
            return null;

        var any = header.rtm_family == Sockets.AF_INET ? IPAddress.Any : IPAddress.IPv6Any;
        var route = new RouteEntry(new(any, header.rtm_dst_len), null, 0);
        foreach (var attribute in new NetlinkAttributes(payload[Unsafe.SizeOf<RtMsg>()..]))
        {
            route = attribute.Type switch
            {
                RTA_DST => route with { Destination = new(new IPAddress(attribute.Data), header.rtm_dst_len) },
                RTA_GATEWAY => route with { NextHop = new IPAddress(attribute.Data) },
                RTA_OIF => route with { LinkIndex = attribute.I32 },
                _ => route,
            };
        }

        return route;
    }

    private static NetlinkBatch BeginRoute(this NetlinkBatch batch, ushort type, ushort flags, RouteEntry route, string verb, bool onLink)
    {
        batch.Begin(type, flags, $"{verb} route {route.Destination} via {route.NextHop?.ToString() ?? "the link"}").Struct(new RtMsg
        {
            rtm_family = (byte)(route.Destination.IsIpv4 ? Sockets.AF_INET : Sockets.AF_INET6),
            rtm_dst_len = (byte)route.Destination.Length,
            rtm_table = RT_TABLE_MAIN,
            rtm_protocol = RTPROT_STATIC,
            rtm_scope = route.NextHop is null && route.Destination.IsIpv4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
            rtm_type = RTN_UNICAST,
            rtm_flags = onLink ? RTNH_F_ONLINK : 0,
        });
        if (route.Destination.Length > 0)
            batch.Put(RTA_DST, route.Destination.Network.Address.GetAddressBytes());
        if (route.NextHop is { } nextHop)
            batch.Put(RTA_GATEWAY, nextHop.GetAddressBytes());
        if (route.LinkIndex != 0)
            batch.PutU32(RTA_OIF, (uint)route.LinkIndex);
        return batch;
    }
}
