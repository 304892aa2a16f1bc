using System.Buffers.Binary;
using Appliance.Agent.Network.Frames;

namespace Appliance.Agent.Network.RouterAdvertisement;

/// <summary>Recognizes a guest's question for routers (RFC 4861 §4.1, §6.1.1). The checksum is not looked at: see <see cref="UdpFrame"/>.</summary>
internal static class RouterSolicitation
{
    private const byte Icmpv6 = 58;
    private const byte Type = 133;
    private const int FixedLength = 8;

    public static bool IsOne(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < FrameWriter.Ipv6PayloadOffset + FixedLength)
            return false;
        if (BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != UdpFrame.EtherTypeIpv6)
            return false;

        var ip = frame[UdpFrame.EthernetHeaderLength..];
        int payloadLength = BinaryPrimitives.ReadUInt16BigEndian(ip[4..]);
        if (ip[0] >> 4 != 6 || ip[6] != Icmpv6 || ip[7] != 255)
            return false;
        if (payloadLength < FixedLength || payloadLength > ip.Length - UdpFrame.Ipv6HeaderLength)
            return false;

        var message = ip.Slice(UdpFrame.Ipv6HeaderLength, payloadLength);
        return message[0] == Type && message[1] == 0 && HasSoundOptions(message[FixedLength..]);
    }

    private static bool HasSoundOptions(ReadOnlySpan<byte> options)
    {
        while (!options.IsEmpty)
        {
            // Lengths count eight bytes; a zero would never end.
            int length = options.Length < 2 ? 0 : options[1] * 8;
            if (length == 0 || length > options.Length)
                return false;
            options = options[length..];
        }

        return true;
    }
}
