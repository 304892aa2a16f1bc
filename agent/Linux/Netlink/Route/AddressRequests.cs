using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Appliance.Linux.Libc;
using static Appliance.Linux.Netlink.NetlinkConstants;
using static Appliance.Linux.Netlink.Route.RouteConstants;

namespace Appliance.Linux.Netlink.Route;

/// <summary>An address on an interface.</summary>
/// <param name="Scope">0 universe, 253 link, 254 host.</param>
internal sealed record InterfaceAddress(int LinkIndex, IpPrefix Prefix, byte Scope);

/// <summary>Requests about interface addresses.</summary>
internal static class AddressRequests
{
    /// <summary>Adds an address, usable at once (no duplicate address detection).</summary>
    public static NetlinkBatch AddAddress(this NetlinkBatch batch, int linkIndex, IpPrefix address)
    {
        batch.BeginAddress(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, linkIndex, address, "add")
            .PutU32(IFA_FLAGS, address.IsIpv4 ? 0 : IFA_F_NODAD);
        return batch;
    }

    public static NetlinkBatch DeleteAddress(this NetlinkBatch batch, int linkIndex, IpPrefix address) =>
        batch.BeginAddress(RTM_DELADDR, 0, linkIndex, address, "delete");

    public static InterfaceAddress? Read(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type != RTM_NEWADDR || !MemoryMarshal.TryRead<IfAddrMsg>(payload, out var header))
            return null;

        System.Net.IPAddress? address = null;
        foreach (var attribute in new NetlinkAttributes(payload[Unsafe.SizeOf<IfAddrMsg>()..]))
        {
            // On point-to-point links IFA_ADDRESS is the other end; IFA_LOCAL, where present, is always ours.
            if (attribute.Type == IFA_LOCAL || (attribute.Type == IFA_ADDRESS && address is null))
                address = new(attribute.Data);
        }

        return address is null ? null : new(header.ifa_index, new(address, header.ifa_prefixlen), header.ifa_scope);
    }

    private static NetlinkBatch BeginAddress(
        this NetlinkBatch batch, ushort type, ushort flags, int linkIndex, IpPrefix address, string verb)
    {
        var bytes = address.Address.GetAddressBytes();
        return batch.Begin(type, flags, $"{verb} address {address} on interface {linkIndex}")
            .Struct(new IfAddrMsg
            {
                ifa_family = (byte)(address.IsIpv4 ? Sockets.AF_INET : Sockets.AF_INET6),
                ifa_prefixlen = (byte)address.Length,
                ifa_index = linkIndex,
            })
            .Put(IFA_LOCAL, bytes)
            .Put(IFA_ADDRESS, bytes);
    }
}
