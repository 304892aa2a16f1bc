using Appliance.Protocol.Documents;

namespace Appliance.Agent.Tests.Network;

/// <summary>Documents of one network and one port, as the controller sends them, to be varied with <c>with</c>.</summary>
internal static class GuestDocuments
{
    public const string Mac = "fa:16:3e:12:34:56";
    public const string RouterMac = "fa:16:3e:00:00:01";

    public static readonly SubnetDocument Subnet4 = new(
        "11111111-0000-0000-0000-000000000004", 4, "10.5.0.0/24", "10.5.0.1", EnableDhcp: true, null, null, HasRouter: true,
        ["9.9.9.9", "1.1.1.1"], []);

    public static readonly SubnetDocument Subnet6 = new(
        "11111111-0000-0000-0000-000000000006", 6, "2001:db8:5::/64", "2001:db8:5::1", EnableDhcp: true, "slaac", "slaac", HasRouter: true,
        ["2620:fe::fe"], [], RouterMac);

    public static readonly NetworkDocument Network = new(
        "22222222-0000-0000-0000-000000000000", "project", NetworkTypes.Vxlan, 17, null, 1450, AdminStateUp: true, "cloud.example.", [Subnet4]);

    public static readonly PortDocument Port = new(
        "33333333-0000-0000-0000-000000000000", Network.Id, "project", "44444444-0000-0000-0000-000000000000", Mac, AdminStateUp: true,
        PortSecurityEnabled: true, "web", [new(Subnet4.Id, "10.5.0.7")], [], [], []);

    /// <summary>The network with one IPv6 subnet only.</summary>
    public static NetworkDocument WithIpv6(string? raMode, string? addressMode) => Network with
    {
        Subnets = [Subnet6 with { Ipv6RaMode = raMode, Ipv6AddressMode = addressMode }],
    };

    /// <summary>The port with one fixed IPv6 address only.</summary>
    public static PortDocument PortWithIpv6(string address) => Port with { FixedIps = [new(Subnet6.Id, address)] };
}
