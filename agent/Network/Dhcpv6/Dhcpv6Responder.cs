using Appliance.Agent.Addresses;
using Appliance.Agent.Network.Dhcp;
using Appliance.Agent.Network.Frames;

namespace Appliance.Agent.Network.Dhcpv6;

/// <summary>The server side of RFC 8415 for one port: pure and without state, as <see cref="DhcpResponder"/> is for IPv4.</summary>
internal static class Dhcpv6Responder
{
    public const ushort ServerPort = 547;
    public const ushort ClientPort = 546;

    /// <summary>Guests have one association for each NIC; more than a few in one message is mischief.</summary>
    private const int MaxAssociations = 8;

    private const int IaHeaderLength = 12;
    private const int AddressLength = 16;

    /// <summary>The smallest MTU of IPv6: an answer of this size passes everywhere.</summary>
    private const int MaxMessageLength = 1280 - UdpFrame.Ipv6HeaderLength - UdpFrame.UdpHeaderLength;

    /// <summary>DUID-LL (RFC 8415 §11.4) of the service address: the same on every node, so that a moved guest renews with its new node.</summary>
    internal static ReadOnlySpan<byte> ServerIdentifier => [0, 3, 0, 1, 0x02, 0xA9, 0xFE, 0xA9, 0xFE, 0x00];

    private static readonly byte[] ServerAddress = ServiceAddresses.Ipv6.GetAddressBytes();

    /// <param name="lease">What the port is told.</param>
    /// <param name="datagram">What the guest sent to port 547.</param>
    /// <param name="frame">Where the answer goes: at least an Ethernet header and 1280 bytes.</param>
    /// <returns>The length of the answering frame; 0: silence.</returns>
    public static int Answer(Dhcpv6Lease lease, in UdpFrame datagram, Span<byte> frame)
    {
        bool isLinkLocal = datagram.Source[0] == 0xFE && (datagram.Source[1] & 0xC0) == 0x80;
        if (!isLinkLocal || datagram.SourceMac != lease.Mac)
            return 0;
        if (!Dhcpv6Request.TryParse(datagram.Payload, ServerIdentifier, out var request))
            return 0;

        int length = WriteAnswer(frame.Slice(FrameWriter.UdpIpv6PayloadOffset, MaxMessageLength), lease, request);
        if (length == 0)
            return 0;

        var flow = new UdpFlow(ServerAddress, datagram.Source, ServerPort, ClientPort);
        return FrameWriter.WriteUdpIpv6(frame, ServiceAddresses.Mac, lease.Mac, flow, length);
    }

    private static int WriteAnswer(Span<byte> message, Dhcpv6Lease lease, in Dhcpv6Request request)
    {
        bool commitsNow = request is { Type: Dhcpv6MessageType.Solicit, RapidCommit: true } && lease.Addresses.Length > 0;
        var type = request.Type == Dhcpv6MessageType.Solicit && !commitsNow ? Dhcpv6MessageType.Advertise : Dhcpv6MessageType.Reply;
        var reply = new Dhcpv6ReplyWriter(message, type, request.TransactionId);
        reply.Add(Dhcpv6OptionCode.ServerIdentifier, ServerIdentifier);
        if (!request.ClientIdentifier.IsEmpty)
            reply.Add(Dhcpv6OptionCode.ClientIdentifier, request.ClientIdentifier);
        if (commitsNow)
            reply.Add(Dhcpv6OptionCode.RapidCommit, []);

        switch (request.Type)
        {
            case Dhcpv6MessageType.Confirm:
                // §18.3.3: a client that names no address gets no answer.
                if (!TryConfirm(ref reply, lease, request.Options))
                    return 0;
                break;
            case Dhcpv6MessageType.Release or Dhcpv6MessageType.Decline:
                reply.AddStatus(Dhcpv6Status.Success);
                break;
            case Dhcpv6MessageType.InformationRequest:
                AddOptions(ref reply, lease, request);
                break;
            default:
                AddAssociations(ref reply, lease, request);
                AddOptions(ref reply, lease, request);
                break;
        }

        return reply.Length;
    }

    private static bool TryConfirm(ref Dhcpv6ReplyWriter reply, Dhcpv6Lease lease, ReadOnlySpan<byte> options)
    {
        bool any = false;
        bool allMine = true;
        var associations = new Dhcpv6Options(options);
        while (associations.MoveNext())
        {
            if (associations.Code != Dhcpv6OptionCode.IaNa || associations.Value.Length < IaHeaderLength)
                continue;

            var addresses = new Dhcpv6Options(associations.Value[IaHeaderLength..]);
            while (addresses.MoveNext())
            {
                if (addresses.Code != Dhcpv6OptionCode.IaAddress || addresses.Value.Length < AddressLength)
                    continue;
                any = true;
                allMine &= IsMine(lease, addresses.Value[..AddressLength]);
            }
        }

        reply.AddStatus(allMine ? Dhcpv6Status.Success : Dhcpv6Status.NotOnLink);
        return any;
    }

    /// <summary>All addresses of the port go into the first association; a client with several learns that there is nothing for the others.</summary>
    private static void AddAssociations(ref Dhcpv6ReplyWriter reply, Dhcpv6Lease lease, in Dhcpv6Request request)
    {
        int count = 0;
        var associations = new Dhcpv6Options(request.Options);
        while (count < MaxAssociations && associations.MoveNext())
        {
            if (associations.Code != Dhcpv6OptionCode.IaNa || associations.Value.Length < IaHeaderLength)
                continue;

            bool isFirst = count++ == 0;
            int mark = reply.BeginIa(associations.Value[..4], DhcpLease.Duration / 2, DhcpLease.Duration / 8 * 7);
            if (mark < 0)
                return;

            if (isFirst && lease.Addresses.Length > 0)
            {
                foreach (byte[] address in lease.Addresses)
                    reply.AddAddress(address, DhcpLease.Duration);
            }
            else
            {
                reply.AddStatus(Dhcpv6Status.NoAddrsAvail);
            }

            if (request.Type is Dhcpv6MessageType.Renew or Dhcpv6MessageType.Rebind)
                TakeBack(ref reply, lease, associations.Value[IaHeaderLength..]);
            reply.EndIa(mark);
        }
    }

    /// <summary>Addresses a client holds but may not are returned with a lifetime of zero (§18.3.4).</summary>
    private static void TakeBack(ref Dhcpv6ReplyWriter reply, Dhcpv6Lease lease, ReadOnlySpan<byte> options)
    {
        var addresses = new Dhcpv6Options(options);
        for (int count = 0; count < MaxAssociations && addresses.MoveNext(); count++)
        {
            if (addresses.Code == Dhcpv6OptionCode.IaAddress && addresses.Value.Length >= AddressLength
                && !IsMine(lease, addresses.Value[..AddressLength]))
                reply.AddAddress(addresses.Value[..AddressLength], TimeSpan.Zero);
        }
    }

    private static void AddOptions(ref Dhcpv6ReplyWriter reply, Dhcpv6Lease lease, in Dhcpv6Request request)
    {
        foreach (var (code, value) in lease.Options)
        {
            if (request.Wants(code))
                reply.Add(code, value);
        }
    }

    private static bool IsMine(Dhcpv6Lease lease, ReadOnlySpan<byte> address)
    {
        foreach (byte[] mine in lease.Addresses)
        {
            if (address.SequenceEqual(mine))
                return true;
        }

        return false;
    }
}
