using System.Net;
using Appliance.Agent.Network.Plan;
using Appliance.Linux.Netlink.Route;
using CsCheck;

namespace Appliance.Agent.Tests.Network.Plan;

public sealed class AddressRangesTests
{
    [Fact]
    public void Overlapping_and_adjacent_prefixes_are_joined() =>
        Assert.Equal("10.0.0.0 <10.0.2.0 10.0.4.0 <10.0.5.0", Text("10.0.0.0/24", "10.0.1.0/24", "10.0.0.128/25", "10.0.4.0/24"));

    [Fact]
    public void A_range_up_to_the_last_address_is_open() => Assert.Equal("128.0.0.0", Text("128.0.0.0/1"));

    [Fact]
    public void Nothing_gives_nothing() => Assert.Equal("", Text());

    [Fact]
    public void An_address_is_in_the_ranges_exactly_when_it_is_in_a_prefix() =>
        Gen.Select(Gen.Select(Gen.UInt, Gen.Int[0, 32]).Array[0, 6], Gen.UInt).Sample((prefixes, address) =>
        {
            var parsed = prefixes.Select(pair => new IpPrefix(Address(pair.Item1), pair.Item2)).ToList();
            bool inRanges = false;
            foreach (var element in AddressRanges.Elements(parsed))
            {
                if (System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(element.Key.Span) <= address)
                    inRanges = !element.EndsInterval;
            }

            Assert.Equal(parsed.Any(prefix => prefix.Contains(Address(address))), inRanges);
        });

    private static IPAddress Address(uint number) => new([(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number]);

    private static string Text(params string[] prefixes) => string.Join(' ', AddressRanges.Elements(prefixes.Select(IpPrefix.Parse))
        .Select(element => (element.EndsInterval ? "<" : "") + new IPAddress(element.Key.Span)));
}
