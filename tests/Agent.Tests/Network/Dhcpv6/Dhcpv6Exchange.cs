using System.Net;
using Appliance.Agent.Addresses;
using Appliance.Agent.Network.Dhcpv6;
using Appliance.Agent.Network.Frames;

namespace Appliance.Agent.Tests.Network.Dhcpv6;

/// <summary>What a DHCPv6 client sends, byte for byte, and what it reads in the answer.</summary>
internal static class Dhcpv6Exchange
{
    public static readonly MacAddress ClientMac = new(0xFA163E123456);
    public static readonly byte[] ClientId = [0, 3, 0, 1, 0xFA, 0x16, 0x3E, 0x12, 0x34, 0x56];
    public static readonly byte[] ServerId = Dhcpv6Responder.ServerIdentifier.ToArray();

    public static byte[] Message(Dhcpv6MessageType type, params (ushort Code, byte[] Value)[] options) =>
        [(byte)type, 1, 2, 3, .. Options(options)];

    public static byte[] Options(params (ushort Code, byte[] Value)[] options) =>
        [.. options.SelectMany(o => (byte[])[(byte)(o.Code >> 8), (byte)o.Code, (byte)(o.Value.Length >> 8), (byte)o.Value.Length, .. o.Value])];

    /// <summary>An identity association, with the addresses the client believes to have.</summary>
    public static (ushort, byte[]) Ia(byte id, params string[] addresses) =>
        (3, [0, 0, 0, id, 0, 0, 0, 0, 0, 0, 0, 0, .. Options([.. addresses.Select(a => ((ushort)5, (byte[])[.. Ip(a), .. new byte[8]]))])]);

    public static byte[] Frame(ReadOnlySpan<byte> message, string source = "fe80::f816:3eff:fe12:3456")
    {
        var frame = new byte[FrameWriter.UdpIpv6PayloadOffset + message.Length];
        message.CopyTo(frame.AsSpan(FrameWriter.UdpIpv6PayloadOffset));
        FrameWriter.WriteUdpIpv6(
            frame, ClientMac, new(0x333300010002), new UdpFlow(Ip(source), Ip("ff02::1:2"), 546, 547), message.Length);
        return frame;
    }

    /// <summary>Null: silence.</summary>
    public static Dhcpv6Answer? Ask(Dhcpv6Lease lease, byte[] frame)
    {
        var reply = new byte[1514];
        Assert.True(UdpFrame.TryParse(frame, out var datagram));
        int length = Dhcpv6Responder.Answer(lease, datagram, reply);
        return length == 0 ? null : Dhcpv6Answer.Read(reply[..length]);
    }

    public static byte[] Ip(string text) => IPAddress.Parse(text).GetAddressBytes();
}

internal sealed record Dhcpv6Answer(Dhcpv6MessageType Type, string To, IReadOnlyList<(int Code, byte[] Value)> Options)
{
    public byte[]? this[int code] => Options.FirstOrDefault(option => option.Code == code).Value;

    /// <summary>Address and valid lifetime in each association.</summary>
    public IReadOnlyList<IReadOnlyList<(string Address, int Seconds)>> Addresses =>
        [.. Options.Where(option => option.Code == 3).Select(ia => ReadOptions(ia.Value.AsSpan(12)).Where(option => option.Code == 5)
            .Select(a => (new IPAddress(a.Value.AsSpan(0, 16)).ToString(), a.Value[20] << 24 | a.Value[21] << 16 | a.Value[22] << 8 | a.Value[23]))
            .ToList())];

    public static Dhcpv6Answer Read(byte[] frame)
    {
        Assert.True(UdpFrame.TryParse(frame, out var datagram));
        Assert.Equal((547, 546), (datagram.SourcePort, datagram.DestinationPort));
        Assert.Equal([1, 2, 3], datagram.Payload[1..4].ToArray());
        return new Dhcpv6Answer((Dhcpv6MessageType)datagram.Payload[0], new IPAddress(frame[38..54]).ToString(), ReadOptions(datagram.Payload[4..]));
    }

    private static List<(int Code, byte[] Value)> ReadOptions(ReadOnlySpan<byte> bytes)
    {
        var options = new List<(int, byte[])>();
        while (!bytes.IsEmpty)
        {
            int length = bytes[2] << 8 | bytes[3];
            options.Add((bytes[0] << 8 | bytes[1], bytes.Slice(4, length).ToArray()));
            bytes = bytes[(4 + length)..];
        }

        return options;
    }
}
