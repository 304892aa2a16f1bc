using System.Buffers.Binary;
using Appliance.Agent.Addresses;

namespace Appliance.Agent.Network.Frames;

/// <summary>
/// Puts the Ethernet, IP and UDP or ICMPv6 headers around a payload that the caller has already written at its place in the frame
/// (<see cref="UdpIpv4PayloadOffset"/> and the others), so nothing is copied.
/// </summary>
internal static class FrameWriter
{
    public const int UdpIpv4PayloadOffset = UdpFrame.EthernetHeaderLength + UdpFrame.Ipv4HeaderLength + UdpFrame.UdpHeaderLength;
    public const int UdpIpv6PayloadOffset = Ipv6PayloadOffset + UdpFrame.UdpHeaderLength;
    public const int Ipv6PayloadOffset = UdpFrame.EthernetHeaderLength + UdpFrame.Ipv6HeaderLength;

    private const byte ProtocolIcmpv6 = 58;
    private const byte DefaultHopLimit = 64;

    /// <summary>Neighbour discovery is believed only when it cannot have crossed a router (RFC 4861 §6.1).</summary>
    private const byte UnroutedHopLimit = 255;

    /// <summary>Completes a UDP datagram over IPv4.</summary>
    /// <returns>The length of the frame.</returns>
    public static int WriteUdpIpv4(Span<byte> frame, MacAddress from, MacAddress to, in UdpFlow flow, int payloadLength)
    {
        WriteEthernet(frame, from, to, UdpFrame.EtherTypeIpv4);
        int udpLength = UdpFrame.UdpHeaderLength + payloadLength;
        var ip = frame[UdpFrame.EthernetHeaderLength..];
        ip[..UdpFrame.Ipv4HeaderLength].Clear();
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(UdpFrame.Ipv4HeaderLength + udpLength));
        ip[8] = DefaultHopLimit;
        ip[9] = UdpFrame.ProtocolUdp;
        flow.Source.CopyTo(ip[12..]);
        flow.Destination.CopyTo(ip[16..]);
        var checksum = new InternetChecksum();
        checksum.Add(ip[..UdpFrame.Ipv4HeaderLength]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], checksum.Value);

        WriteUdp(ip.Slice(UdpFrame.Ipv4HeaderLength, udpLength), flow);
        return UdpIpv4PayloadOffset + payloadLength;
    }

    /// <summary>Completes a UDP datagram over IPv6.</summary>
    /// <returns>The length of the frame.</returns>
    public static int WriteUdpIpv6(Span<byte> frame, MacAddress from, MacAddress to, in UdpFlow flow, int payloadLength)
    {
        int udpLength = UdpFrame.UdpHeaderLength + payloadLength;
        WriteIpv6(frame, from, to, flow, udpLength, UdpFrame.ProtocolUdp, DefaultHopLimit);
        WriteUdp(frame.Slice(Ipv6PayloadOffset, udpLength), flow);
        return Ipv6PayloadOffset + udpLength;
    }

    /// <summary>Completes an ICMPv6 message of neighbour discovery; the checksum field is bytes 2 and 3 of the payload.</summary>
    /// <returns>The length of the frame.</returns>
    public static int WriteIcmpv6(Span<byte> frame, MacAddress from, MacAddress to, in UdpFlow flow, int payloadLength)
    {
        WriteIpv6(frame, from, to, flow, payloadLength, ProtocolIcmpv6, UnroutedHopLimit);
        var message = frame.Slice(Ipv6PayloadOffset, payloadLength);
        message.Slice(2, 2).Clear();
        var checksum = PseudoHeader(flow, payloadLength, ProtocolIcmpv6);
        checksum.Add(message);
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], checksum.Value);
        return Ipv6PayloadOffset + payloadLength;
    }

    private static void WriteEthernet(Span<byte> frame, MacAddress from, MacAddress to, ushort etherType)
    {
        to.Write(frame);
        from.Write(frame[MacAddress.Length..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], etherType);
    }

    private static void WriteIpv6(
        Span<byte> frame, MacAddress from, MacAddress to, in UdpFlow flow, int payloadLength, byte nextHeader, byte hopLimit)
    {
        WriteEthernet(frame, from, to, UdpFrame.EtherTypeIpv6);
        var ip = frame[UdpFrame.EthernetHeaderLength..];
        BinaryPrimitives.WriteUInt32BigEndian(ip, 0x6000_0000);
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)payloadLength);
        ip[6] = nextHeader;
        ip[7] = hopLimit;
        flow.Source.CopyTo(ip[8..]);
        flow.Destination.CopyTo(ip[24..]);
    }

    private static void WriteUdp(Span<byte> udp, in UdpFlow flow)
    {
        BinaryPrimitives.WriteUInt16BigEndian(udp, flow.SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], flow.DestinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        udp.Slice(6, 2).Clear();
        var checksum = PseudoHeader(flow, udp.Length, UdpFrame.ProtocolUdp);
        checksum.Add(udp);
        BinaryPrimitives.WriteUInt16BigEndian(udp[6..], checksum.UdpValue);
    }

    private static InternetChecksum PseudoHeader(in UdpFlow flow, int length, byte protocol)
    {
        var checksum = new InternetChecksum();
        checksum.Add(flow.Source);
        checksum.Add(flow.Destination);
        checksum.Add((uint)length);
        checksum.Add(protocol);
        return checksum;
    }
}

/// <summary>Addresses (4 or 16 bytes each) and ports of a datagram; ICMPv6 has no ports.</summary>
internal readonly ref struct UdpFlow(
    ReadOnlySpan<byte> source, ReadOnlySpan<byte> destination, ushort sourcePort = 0, ushort destinationPort = 0)
{
    public readonly ReadOnlySpan<byte> Source = source;
    public readonly ReadOnlySpan<byte> Destination = destination;
    public readonly ushort SourcePort = sourcePort;
    public readonly ushort DestinationPort = destinationPort;
}
