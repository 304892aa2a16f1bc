using System.Net;
using Appliance.Agent.Network.Frames;
using Appliance.Agent.Network.RouterAdvertisement;
using CsCheck;

namespace Appliance.Agent.Tests.Network.RouterAdvertisement;

public sealed class RouterSolicitationTests
{
    [Fact]
    public void A_solicitation_is_recognized_with_and_without_options()
    {
        Assert.True(RouterSolicitation.IsOne(Frame(133, 0, [])));
        Assert.True(RouterSolicitation.IsOne(Frame(133, 0, [1, 1, 0xFA, 0x16, 0x3E, 0, 0, 1])));
    }

    [Fact]
    public void Other_messages_and_broken_options_are_not_answered()
    {
        Assert.False(RouterSolicitation.IsOne(Frame(134, 0, [])));
        Assert.False(RouterSolicitation.IsOne(Frame(133, 1, [])));
        Assert.False(RouterSolicitation.IsOne(Frame(133, 0, [1, 0, 0, 0, 0, 0, 0, 0])));
        Assert.False(RouterSolicitation.IsOne(Frame(133, 0, [1, 2, 0, 0, 0, 0, 0, 0])));
        Assert.False(RouterSolicitation.IsOne(Frame(133, 0, [1])));
    }

    [Fact]
    public void A_solicitation_that_crossed_a_router_is_not_answered()
    {
        byte[] frame = Frame(133, 0, []);
        frame[21] = 254;
        Assert.False(RouterSolicitation.IsOne(frame));
    }

    [Fact]
    public void No_bytes_break_it() =>
        Gen.Select(Gen.Byte.Array[0, 24], Gen.Int[0, 70], Gen.Byte, Gen.Int[0, 90]).Sample((options, at, value, cut) =>
        {
            byte[] frame = Frame(133, 0, options);
            frame[at % frame.Length] = value;
            RouterSolicitation.IsOne(frame.AsSpan(0, Math.Min(cut, frame.Length)));
        });

    private static byte[] Frame(byte type, byte code, byte[] options)
    {
        byte[] message = [type, code, 0, 0, 0, 0, 0, 0, .. options];
        var frame = new byte[FrameWriter.Ipv6PayloadOffset + message.Length];
        message.CopyTo(frame, FrameWriter.Ipv6PayloadOffset);
        byte[] to = IPAddress.Parse("ff02::2").GetAddressBytes();
        FrameWriter.WriteIcmpv6(frame, new(1), new(0x333300000002), new UdpFlow(new byte[16], to), message.Length);
        return frame;
    }
}
