using System.Buffers.Binary;
using Appliance.Agent.Addresses;

namespace Appliance.Agent.Network.Frames;

/// <summary>
/// A UDP datagram as it lies in an Ethernet frame of a guest: every length in it is the guest's claim, checked here once.
/// Checksums are not looked at: a guest whose network card computes them hands over frames without.
/// </summary>
internal readonly ref struct UdpFrame
{
    public const int EthernetHeaderLength = 14;
    public const int Ipv4HeaderLength = 20;
    public const int Ipv6HeaderLength = 40;
    public const int UdpHeaderLength = 8;
    public const ushort EtherTypeIpv4 = 0x0800;
    public const ushort EtherTypeIpv6 = 0x86DD;
    public const byte ProtocolUdp = 17;

    public MacAddress SourceMac { get; private init; }

    /// <summary>4 or 16 bytes.</summary>
    public ReadOnlySpan<byte> Source { get; private init; }

    public ushort SourcePort { get; private init; }

    public ushort DestinationPort { get; private init; }

    public ReadOnlySpan<byte> Payload { get; private init; }

    public bool IsIpv6 => Source.Length == 16;

    public static bool TryParse(ReadOnlySpan<byte> frame, out UdpFrame datagram)
    {
        datagram = default;
        if (frame.Length < EthernetHeaderLength)
            return false;

        var packet = frame[EthernetHeaderLength..];
        return BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) switch
        {
            EtherTypeIpv4 => TryParseIpv4(MacAddress.Read(frame[6..]), packet, out datagram),
            EtherTypeIpv6 => TryParseIpv6(MacAddress.Read(frame[6..]), packet, out datagram),
            _ => false,
        };
    }

    private static bool TryParseIpv4(MacAddress source, ReadOnlySpan<byte> packet, out UdpFrame datagram)
    {
        datagram = default;
        if (packet.Length < Ipv4HeaderLength || packet[0] >> 4 != 4 || packet[9] != ProtocolUdp)
            return false;

        int headerLength = (packet[0] & 0xF) * 4;
        int totalLength = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        bool isFragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0;
        if (headerLength < Ipv4HeaderLength || totalLength < headerLength || totalLength > packet.Length || isFragment)
            return false;

        return TryParseUdp(source, packet.Slice(12, 4), packet[headerLength..totalLength], out datagram);
    }

    private static bool TryParseIpv6(MacAddress source, ReadOnlySpan<byte> packet, out UdpFrame datagram)
    {
        datagram = default;
        // No extension headers: DHCPv6 clients send none.
        if (packet.Length < Ipv6HeaderLength || packet[0] >> 4 != 6 || packet[6] != ProtocolUdp)
            return false;

        int payloadLength = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        if (payloadLength > packet.Length - Ipv6HeaderLength)
            return false;

        return TryParseUdp(source, packet.Slice(8, 16), packet.Slice(Ipv6HeaderLength, payloadLength), out datagram);
    }

    private static bool TryParseUdp(MacAddress sourceMac, ReadOnlySpan<byte> source, ReadOnlySpan<byte> udp, out UdpFrame datagram)
    {
        datagram = default;
        if (udp.Length < UdpHeaderLength)
            return false;

        int length = BinaryPrimitives.ReadUInt16BigEndian(udp[4..]);
        if (length < UdpHeaderLength || length > udp.Length)
            return false;

        datagram = new UdpFrame
        {
            SourceMac = sourceMac,
            Source = source,
            SourcePort = BinaryPrimitives.ReadUInt16BigEndian(udp),
            DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(udp[2..]),
            Payload = udp[UdpHeaderLength..length],
        };
        return true;
    }
}
