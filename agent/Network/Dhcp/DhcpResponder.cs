using System.Buffers.Binary;
using Appliance.Agent.Addresses;
using Appliance.Agent.Network.Frames;

namespace Appliance.Agent.Network.Dhcp;

/// <summary>
/// The server side of RFC 2131 for one port: pure, from a guest's frame to the frame that answers it. It keeps no state, because what a port
/// may be told is in its documents: an offer reserves nothing, a release frees nothing.
/// </summary>
internal static class DhcpResponder
{
    public const ushort ServerPort = 67;
    public const ushort ClientPort = 68;

    private const int MinMaxMessageSize = 576;
    private const int IpAndUdpHeaderLength = UdpFrame.Ipv4HeaderLength + UdpFrame.UdpHeaderLength;

    /// <summary>Sent to clients that ask for options but not for these: without them the guest works badly or finds no metadata.</summary>
    private static ReadOnlySpan<byte> AlwaysSent => [DhcpOptionCode.Mtu, DhcpOptionCode.ClasslessStaticRoutes];

    /// <param name="lease">What the port is told.</param>
    /// <param name="datagram">What the guest sent to port 67.</param>
    /// <param name="frame">Where the answer goes: at least an Ethernet header and 576 bytes.</param>
    /// <returns>The length of the answering frame; 0: silence.</returns>
    public static int Answer(DhcpLease lease, in UdpFrame datagram, Span<byte> frame)
    {
        if (!DhcpRequest.TryParse(datagram.Payload, out var request) || request.RelayAddress != 0 || request.ClientMac != lease.Mac)
            return 0;

        var answer = Decide(lease, request);
        if (answer == DhcpMessageType.None)
            return 0;

        int largest = Math.Min(lease.Mtu, frame.Length - UdpFrame.EthernetHeaderLength);
        int room = Math.Clamp(request.MaxMessageSize, MinMaxMessageSize, Math.Max(MinMaxMessageSize, largest));
        var message = frame.Slice(FrameWriter.UdpIpv4PayloadOffset, room - IpAndUdpHeaderLength);
        int length = answer == DhcpMessageType.Nak ? WriteNak(message, request) : WriteLease(message, lease, request, answer);
        return Address(frame, lease, request, answer, length);
    }

    /// <summary>RFC 2131 §4.3; <see cref="DhcpMessageType.None"/>: no answer.</summary>
    private static DhcpMessageType Decide(DhcpLease lease, in DhcpRequest request) => request.Type switch
    {
        DhcpMessageType.Discover => DhcpMessageType.Offer,
        DhcpMessageType.Inform => DhcpMessageType.Ack,
        // It took another server's offer.
        DhcpMessageType.Request when request.ServerIdentifier is not (0 or DhcpLease.ServerIdentifier) => DhcpMessageType.None,
        DhcpMessageType.Request => Wanted(request) == lease.Address ? DhcpMessageType.Ack : DhcpMessageType.Nak,
        _ => DhcpMessageType.None,
    };

    /// <summary>Selecting and rebooting clients name the address in option 50, renewing and rebinding ones in <c>ciaddr</c>.</summary>
    private static uint Wanted(in DhcpRequest request) =>
        request.RequestedAddress != 0 ? request.RequestedAddress : request.ClientAddress;

    private static int WriteNak(Span<byte> message, in DhcpRequest request)
    {
        var reply = new DhcpReplyWriter(message, request, DhcpMessageType.Nak);
        reply.Add(DhcpOptionCode.ServerIdentifier, DhcpLease.ServerIdentifier);
        reply.Add(DhcpOptionCode.Message, "address not available"u8);
        AddClientIdentifier(ref reply, request);
        return reply.Finish();
    }

    private static int WriteLease(Span<byte> message, DhcpLease lease, in DhcpRequest request, DhcpMessageType type)
    {
        var reply = new DhcpReplyWriter(message, request, type);
        bool isInform = request.Type == DhcpMessageType.Inform;
        reply.SetClientAddress(type == DhcpMessageType.Ack ? request.ClientAddress : 0);
        reply.SetNextServer(lease.NextServer);
        reply.Add(DhcpOptionCode.ServerIdentifier, DhcpLease.ServerIdentifier);
        if (!isInform)
        {
            uint seconds = (uint)DhcpLease.Duration.TotalSeconds;
            reply.SetYourAddress(lease.Address);
            reply.Add(DhcpOptionCode.LeaseTime, seconds);
            reply.Add(DhcpOptionCode.RenewalTime, seconds / 2);
            reply.Add(DhcpOptionCode.RebindingTime, seconds / 8 * 7);
        }

        reply.Add(DhcpOptionCode.SubnetMask, lease.SubnetMask);
        reply.Add(DhcpOptionCode.BroadcastAddress, lease.BroadcastAddress);
        AddClientIdentifier(ref reply, request);
        AddOptions(ref reply, lease, request.ParameterRequestList);
        return reply.Finish();
    }

    /// <summary>The client's identifier goes back to it (RFC 6842).</summary>
    private static void AddClientIdentifier(ref DhcpReplyWriter reply, in DhcpRequest request)
    {
        if (!request.ClientIdentifier.IsEmpty)
            reply.Add(DhcpOptionCode.ClientIdentifier, request.ClientIdentifier);
    }

    private static void AddOptions(ref DhcpReplyWriter reply, DhcpLease lease, ReadOnlySpan<byte> wanted)
    {
        if (wanted.IsEmpty)
        {
            foreach (var option in lease.Options)
                reply.Add(option.Code, option.Value);
        }

        for (int i = 0; i < wanted.Length; i++)
        {
            if (!wanted[..i].Contains(wanted[i]) && lease.Find(wanted[i]) is { } value)
                reply.Add(wanted[i], value);
        }

        foreach (byte code in AlwaysSent)
        {
            if (!wanted.IsEmpty && !wanted.Contains(code) && lease.Find(code) is { } value)
                reply.Add(code, value);
        }

        if (lease.ServerName is { } name && !wanted.Contains(DhcpOptionCode.TftpServerName))
            reply.SetServerName(name);
        if (lease.BootFile is { } file && !wanted.Contains(DhcpOptionCode.BootFileName))
            reply.SetBootFile(file);
    }

    /// <summary>Where an answer goes: RFC 2131 §4.1.</summary>
    private static int Address(Span<byte> frame, DhcpLease lease, in DhcpRequest request, DhcpMessageType answer, int length)
    {
        bool broadcast = answer == DhcpMessageType.Nak || (request.ClientAddress == 0 && request.WantsBroadcast);
        uint to = request.ClientAddress != 0 ? request.ClientAddress : lease.Address;
        Span<byte> source = stackalloc byte[4];
        Span<byte> destination = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(source, DhcpLease.ServerIdentifier);
        BinaryPrimitives.WriteUInt32BigEndian(destination, broadcast ? uint.MaxValue : to);
        return FrameWriter.WriteUdpIpv4(
            frame, ServiceAddresses.Mac, broadcast ? MacAddress.Broadcast : lease.Mac,
            new UdpFlow(source, destination, ServerPort, ClientPort), length);
    }
}
