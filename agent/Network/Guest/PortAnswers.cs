using Appliance.Agent.Network.Dhcp;
using Appliance.Agent.Network.Dhcpv6;
using Appliance.Agent.Network.Frames;
using Appliance.Agent.Network.RouterAdvertisement;

namespace Appliance.Agent.Network.Guest;

/// <summary>All a port may be told, worked out once when its documents change.</summary>
/// <param name="Lease">Null: DHCPv4 stays silent.</param>
/// <param name="LeaseIpv6">Null: DHCPv6 stays silent.</param>
/// <param name="Advertisements">Complete frames; empty: nobody routes IPv6 here.</param>
internal sealed record PortAnswers(DhcpLease? Lease, Dhcpv6Lease? LeaseIpv6, IReadOnlyList<byte[]> Advertisements)
{
    public static PortAnswers For(PortService service) => new(
        DhcpLeaseBuilder.Build(service.Port, service.Network), Dhcpv6Lease.Build(service.Port, service.Network),
        AdvertisementBuilder.Build(service.Network));

    public bool AdvertisesAs(PortAnswers other) =>
        Advertisements.Count == other.Advertisements.Count
        && Advertisements.Zip(other.Advertisements).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));

    /// <summary>Answers a DHCP or DHCPv6 request. Solicitations are the caller's, because several frames may answer them.</summary>
    /// <returns>The length of the answer in <paramref name="reply"/>; 0: silence.</returns>
    public int Answer(ReadOnlySpan<byte> frame, Span<byte> reply)
    {
        if (!UdpFrame.TryParse(frame, out var datagram))
            return 0;
        if (datagram is { IsIpv6: false, DestinationPort: DhcpResponder.ServerPort } && Lease is not null)
            return DhcpResponder.Answer(Lease, datagram, reply);
        return datagram is { IsIpv6: true, DestinationPort: Dhcpv6Responder.ServerPort } && LeaseIpv6 is not null
            ? Dhcpv6Responder.Answer(LeaseIpv6, datagram, reply)
            : 0;
    }
}
