using System.Net;

namespace Appliance.Linux.Netlink.Conntrack;

/// <summary>A connection the kernel tracks.</summary>
/// <param name="Zone">Connections of different zones may have equal addresses.</param>
/// <param name="Original">As the first packet was.</param>
/// <param name="Reply">What answers look like before translation back: differs from the mirror of <paramref name="Original"/> under NAT.</param>
/// <param name="Status">IPS_… bits.</param>
/// <param name="OriginalTuple">CTA_TUPLE_ORIG as received: how the kernel is told which one is meant.</param>
/// <param name="Id">Tells it from a later connection with the same tuple.</param>
internal sealed record Connection(ushort Zone, ConnectionTuple Original, ConnectionTuple Reply, uint Status, byte[] OriginalTuple, uint Id);

/// <param name="DestinationPort">Or the ICMP type, for ICMP and ICMPv6.</param>
/// <param name="IcmpCode">0 for other protocols.</param>
internal readonly record struct ConnectionTuple(IPAddress Source, IPAddress Destination, int Protocol, int DestinationPort, int IcmpCode);
