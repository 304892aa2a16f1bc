using System.Buffers.Binary;
using System.Net;
using Appliance.Agent.Addresses;
using Appliance.Agent.Network.Dhcp;
using Appliance.Agent.Network.Frames;

namespace Appliance.Agent.Tests.Network.Dhcp;

/// <summary>What a DHCP client sends, byte for byte, and what it reads in the answer.</summary>
internal static class DhcpExchange
{
    public static readonly MacAddress ClientMac = new(0xFA163E123456);

    public static byte[] Message(DhcpMessageType type, string? clientAddress = null, ushort flags = 0, params (byte Code, byte[] Value)[] options)
    {
        var message = new byte[DhcpRequest.HeaderLength];
        message[0] = 1;
        message[1] = 1;
        message[2] = 6;
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), 0xCAFE0001);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(10), flags);
        if (clientAddress is not null)
            IPAddress.Parse(clientAddress).GetAddressBytes().CopyTo(message, 12);
        ClientMac.Write(message.AsSpan(28));
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(236), DhcpRequest.MagicCookie);
        return [.. message, 53, 1, (byte)type, .. options.SelectMany(o => (byte[])[o.Code, (byte)o.Value.Length, .. o.Value]), 255];
    }

    public static byte[] Frame(ReadOnlySpan<byte> message)
    {
        var frame = new byte[FrameWriter.UdpIpv4PayloadOffset + message.Length];
        message.CopyTo(frame.AsSpan(FrameWriter.UdpIpv4PayloadOffset));
        FrameWriter.WriteUdpIpv4(frame, ClientMac, MacAddress.Broadcast, new UdpFlow(new byte[4], [255, 255, 255, 255], 68, 67), message.Length);
        return frame;
    }

    /// <summary>Null: silence.</summary>
    public static DhcpAnswer? Ask(DhcpLease lease, byte[] message)
    {
        var reply = new byte[1514];
        Assert.True(UdpFrame.TryParse(Frame(message), out var datagram));
        int length = DhcpResponder.Answer(lease, datagram, reply);
        return length == 0 ? null : DhcpAnswer.Read(reply[..length]);
    }

    public static byte[] Ip(string text) => IPAddress.Parse(text).GetAddressBytes();
}

internal sealed record DhcpAnswer(
    DhcpMessageType Type, MacAddress ToMac, string ToAddress, string FromAddress, string YourAddress, string ClientAddress, string NextServer,
    string BootFile, int Length, IReadOnlyDictionary<byte, byte[]> Options)
{
    public static DhcpAnswer Read(byte[] frame)
    {
        Assert.True(UdpFrame.TryParse(frame, out var datagram));
        Assert.Equal((67, 68), (datagram.SourcePort, datagram.DestinationPort));
        var message = datagram.Payload;
        Assert.Equal(2, message[0]);
        Assert.Equal(0xCAFE0001, BinaryPrimitives.ReadUInt32BigEndian(message[4..]));
        Assert.Equal(DhcpRequest.MagicCookie, BinaryPrimitives.ReadUInt32BigEndian(message[236..]));

        var options = new Dictionary<byte, byte[]>();
        int at = DhcpRequest.HeaderLength;
        for (; message[at] != 255; at += 2 + message[at + 1])
        {
            byte[] value = message.Slice(at + 2, message[at + 1]).ToArray();
            options[message[at]] = options.TryGetValue(message[at], out var earlier) ? [.. earlier, .. value] : value;
        }

        return new DhcpAnswer(
            (DhcpMessageType)options[53][0], MacAddress.Read(frame), Ip(frame.AsSpan(30)), Ip(frame.AsSpan(26)), Ip(message[16..]),
            Ip(message[12..]), Ip(message[20..]), System.Text.Encoding.ASCII.GetString(message.Slice(108, 128)).TrimEnd('\0'),
            message.Length, options);
    }

    private static string Ip(ReadOnlySpan<byte> bytes) => new IPAddress(bytes[..4]).ToString();
}
