using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Linux.Libc;
using static Appliance.Linux.Netlink.NetlinkConstants;
using static Appliance.Linux.Netlink.Route.RouteConstants;

namespace Appliance.Linux.Netlink.Route;

/// <summary>A permanent forwarding entry of a VXLAN end (<paramref name="Vtep"/> given) or of the bridge that the link is a port of.</summary>
/// <param name="Vtep">Where the VXLAN end sends frames for <paramref name="Mac"/>; null for the bridge's entry.</param>
internal sealed record ForwardingEntry(int LinkIndex, string Mac, IPAddress? Vtep)
{
    /// <summary>Frames for nobody in particular: every VTEP with an entry of this address gets a copy.</summary>
    public const string FloodMac = "00:00:00:00:00:00";
}

/// <summary>Requests about forwarding entries, AF_BRIDGE neighbours.</summary>
internal static class NeighborRequests
{
    public static NetlinkBatch AddForwarding(this NetlinkBatch batch, ForwardingEntry entry)
    {
        // Only the flood entry has several destinations; for the others a second one replaces the first.
        int how = entry.Mac == ForwardingEntry.FloodMac ? NLM_F_APPEND : NLM_F_REPLACE;
        return batch.BeginForwarding(RTM_NEWNEIGH, (ushort)(NLM_F_CREATE | how), entry, "add");
    }

    public static NetlinkBatch DeleteForwarding(this NetlinkBatch batch, ForwardingEntry entry) =>
        batch.BeginForwarding(RTM_DELNEIGH, 0, entry, "delete");

    /// <summary>Reads entries that were given, not learned; null for any other.</summary>
    public static ForwardingEntry? Read(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type != RTM_NEWNEIGH || !MemoryMarshal.TryRead<NdMsg>(payload, out var header) || header.ndm_family != Sockets.AF_BRIDGE)
            return null;

        // A bridge says NOARP for "static" and PERMANENT for the addresses of its own ports; a VXLAN end says PERMANENT for given ones.
        bool self = (header.ndm_flags & NTF_SELF) != 0;
        if ((header.ndm_state & (self ? NUD_PERMANENT : NUD_NOARP)) == 0)
            return null;

        var entry = new ForwardingEntry(header.ndm_ifindex, "", null);
        foreach (var attribute in new NetlinkAttributes(payload[Unsafe.SizeOf<NdMsg>()..]))
        {
            entry = attribute.Type switch
            {
                NDA_LLADDR => entry with { Mac = MacText.Format(attribute.Data) },
                NDA_DST => entry with { Vtep = new IPAddress(attribute.Data) },
                _ => entry,
            };
        }

        return self == (entry.Vtep is not null) ? entry : null;
    }

    private static NetlinkBatch BeginForwarding(this NetlinkBatch batch, ushort type, ushort flags, ForwardingEntry entry, string verb)
    {
        string to = entry.Vtep?.ToString() ?? "its bridge port";
        batch.Begin(type, flags, $"{verb} forwarding of {entry.Mac} to {to}").Struct(new NdMsg
        {
            ndm_family = (byte)Sockets.AF_BRIDGE,
            ndm_ifindex = entry.LinkIndex,
            ndm_state = entry.Vtep is null ? NUD_NOARP : (ushort)(NUD_NOARP | NUD_PERMANENT),
            ndm_flags = entry.Vtep is null ? NTF_MASTER : NTF_SELF,
        }).Put(NDA_LLADDR, MacText.Parse(entry.Mac));
        return entry.Vtep is { } vtep ? batch.Put(NDA_DST, vtep.GetAddressBytes()) : batch;
    }
}
