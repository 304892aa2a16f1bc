using System.Net;
using System.Runtime.CompilerServices;
using Appliance.Linux.Libc;
using Appliance.Linux.Netlink.Nftables;
using static Appliance.Linux.Netlink.Conntrack.ConntrackConstants;
using static Appliance.Linux.Netlink.NetlinkConstants;

namespace Appliance.Linux.Netlink.Conntrack;

/// <summary>Lists and ends tracked connections of the namespace of the thread that made it (ctnetlink).</summary>
internal sealed class ConntrackSocket : IDisposable
{
    private const ushort Get = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET;
    private const ushort Delete = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE;

    private readonly NetlinkSocket _socket = new(NETLINK_NETFILTER);

    public IReadOnlyList<Connection> List()
    {
        var connections = new List<Connection>();
        using var query = new NetlinkBatch();
        query.Begin(Get, NLM_F_DUMP, "list connections").Struct(new NfGenMsg());
        return _socket.Query(query, connections, Read) is { } failure ? throw failure.ToException() : connections;
    }

    /// <summary>Forgets connections: their next packets are judged as the first of a new one. Those that ended meanwhile do not matter.</summary>
    public void DeleteAll(IEnumerable<Connection> connections)
    {
        using var batch = new NetlinkBatch();
        foreach (var connection in connections)
        {
            bool ipv4 = connection.Original.Source.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork;
            batch.Begin(Delete, 0, $"delete connection {connection.Original}")
                .Struct(new NfGenMsg { nfgen_family = (byte)(ipv4 ? Sockets.AF_INET : Sockets.AF_INET6) })
                .Put(CTA_TUPLE_ORIG | NLA_F_NESTED, connection.OriginalTuple)
                .PutU32BigEndian(CTA_ID, connection.Id);
            if (connection.Zone != 0)
                batch.PutU16BigEndian(CTA_ZONE, connection.Zone);
        }

        if (batch.Count > 0 && _socket.Execute(batch).FirstOrDefault(failure => failure.Errno != Errno.ENOENT) is { } failed)
            throw failed.ToException();
    }

    public void Dispose() => _socket.Dispose();

    private static Connection? Read(ushort type, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < Unsafe.SizeOf<NfGenMsg>())
            return null;

        ushort zone = 0;
        uint status = 0, id = 0;
        byte[] tuple = [];
        ConnectionTuple original = default, reply = default;
        foreach (var attribute in new NetlinkAttributes(payload[Unsafe.SizeOf<NfGenMsg>()..]))
        {
            switch (attribute.Type)
            {
                case CTA_TUPLE_ORIG:
                    tuple = attribute.Data.ToArray();
                    original = ReadTuple(attribute.Nested);
                    break;
                case CTA_TUPLE_REPLY:
                    reply = ReadTuple(attribute.Nested);
                    break;
                case CTA_STATUS:
                    status = attribute.U32BigEndian;
                    break;
                case CTA_ID:
                    id = attribute.U32BigEndian;
                    break;
                case CTA_ZONE:
                    zone = attribute.U16BigEndian;
                    break;
            }
        }

        return original.Source is null || reply.Source is null ? null : new(zone, original, reply, status, tuple, id);
    }

    private static ConnectionTuple ReadTuple(NetlinkAttributes attributes)
    {
        ConnectionTuple tuple = default;
        foreach (var attribute in attributes)
        {
            if (attribute.Type is not (CTA_TUPLE_IP or CTA_TUPLE_PROTO))
                continue;
            foreach (var part in attribute.Nested)
                tuple = attribute.Type == CTA_TUPLE_IP ? ReadAddress(tuple, part) : ReadProtocol(tuple, part);
        }

        return tuple;
    }

    private static ConnectionTuple ReadAddress(ConnectionTuple tuple, NetlinkAttribute part) => part.Type switch
    {
        CTA_IP_V4_SRC or CTA_IP_V6_SRC => tuple with { Source = new IPAddress(part.Data) },
        CTA_IP_V4_DST or CTA_IP_V6_DST => tuple with { Destination = new IPAddress(part.Data) },
        _ => tuple,
    };

    private static ConnectionTuple ReadProtocol(ConnectionTuple tuple, NetlinkAttribute part) => part.Type switch
    {
        CTA_PROTO_NUM => tuple with { Protocol = part.U8 },
        CTA_PROTO_DST_PORT => tuple with { DestinationPort = part.U16BigEndian },
        CTA_PROTO_ICMP_TYPE or CTA_PROTO_ICMPV6_TYPE => tuple with { DestinationPort = part.U8 },
        CTA_PROTO_ICMP_CODE or CTA_PROTO_ICMPV6_CODE => tuple with { IcmpCode = part.U8 },
        _ => tuple,
    };
}
