using System.Net;
using Appliance.Agent.Addresses;
using Appliance.Agent.Network.Frames;
using CsCheck;

namespace Appliance.Agent.Tests.Network.Frames;

public sealed class UdpFrameTests
{
    private static readonly MacAddress From = new(0xFA163E000001);
    private static readonly MacAddress To = new(0xFA163E000002);

    [Fact]
    public void A_written_ipv4_datagram_is_read_back_and_its_checksums_hold()
    {
        byte[] frame = Ipv4Frame("hello"u8);

        Assert.True(UdpFrame.TryParse(frame, out var datagram));
        Assert.Equal("hello"u8.ToArray(), datagram.Payload.ToArray());
        Assert.Equal(From, datagram.SourceMac);
        Assert.False(datagram.IsIpv6);
        Assert.Equal((1000, 67), (datagram.SourcePort, datagram.DestinationPort));
        Assert.Equal(0, Sum(frame.AsSpan(14, 20)));
        // Pseudo header: both addresses, the length, the protocol.
        Assert.Equal(0, Sum([.. frame[26..34], 0, 17, 0, 13, .. frame[34..]]));
    }

    [Fact]
    public void A_written_ipv6_datagram_is_read_back_and_its_checksum_holds()
    {
        byte[] frame = Ipv6Frame("hello!"u8);

        Assert.True(UdpFrame.TryParse(frame, out var datagram));
        Assert.Equal("hello!"u8.ToArray(), datagram.Payload.ToArray());
        Assert.True(datagram.IsIpv6);
        Assert.Equal(0, Sum([.. frame[22..54], 0, 17, 0, 14, .. frame[54..]]));
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        foreach (byte[] frame in (byte[][])[Ipv4Frame("hello"u8), Ipv6Frame("hello"u8)])
        {
            for (int length = 0; length < frame.Length; length++)
                Assert.False(UdpFrame.TryParse(frame.AsSpan(0, length), out _), $"{length} bytes of {frame.Length}");
        }
    }

    [Fact]
    public void Fragments_are_refused()
    {
        byte[] frame = Ipv4Frame("hello"u8);
        frame[20] = 0x20;
        Assert.False(UdpFrame.TryParse(frame, out _));
        frame[20] = 0;
        frame[21] = 1;
        Assert.False(UdpFrame.TryParse(frame, out _));
    }

    [Fact]
    public void No_mutation_reads_outside_the_frame() =>
        Gen.Select(Gen.Bool, Gen.Int[0, 60], Gen.Byte, Gen.Int[0, 60], Gen.Byte, Gen.Int[0, 80]).Sample((v6, at, value, at2, value2, cut) =>
        {
            byte[] frame = v6 ? Ipv6Frame("payload of a guest"u8) : Ipv4Frame("payload of a guest"u8);
            frame[at % frame.Length] = value;
            frame[at2 % frame.Length] = value2;
            byte[] cutFrame = frame[..Math.Min(cut, frame.Length)];
            if (UdpFrame.TryParse(cutFrame, out var datagram))
                Assert.True(datagram.Payload.Length <= cutFrame.Length - 42);
        });

    private static byte[] Ipv4Frame(ReadOnlySpan<byte> payload)
    {
        var frame = new byte[FrameWriter.UdpIpv4PayloadOffset + payload.Length];
        payload.CopyTo(frame.AsSpan(FrameWriter.UdpIpv4PayloadOffset));
        var flow = new UdpFlow([10, 0, 0, 1], [10, 0, 0, 2], 1000, 67);
        Assert.Equal(frame.Length, FrameWriter.WriteUdpIpv4(frame, From, To, flow, payload.Length));
        return frame;
    }

    private static byte[] Ipv6Frame(ReadOnlySpan<byte> payload)
    {
        var frame = new byte[FrameWriter.UdpIpv6PayloadOffset + payload.Length];
        payload.CopyTo(frame.AsSpan(FrameWriter.UdpIpv6PayloadOffset));
        var flow = new UdpFlow(IPAddress.Parse("fe80::1").GetAddressBytes(), IPAddress.Parse("ff02::1:2").GetAddressBytes(), 546, 547);
        Assert.Equal(frame.Length, FrameWriter.WriteUdpIpv6(frame, From, To, flow, payload.Length));
        return frame;
    }

    private static int Sum(ReadOnlySpan<byte> bytes)
    {
        var checksum = new InternetChecksum();
        checksum.Add(bytes);
        return checksum.Value;
    }
}
