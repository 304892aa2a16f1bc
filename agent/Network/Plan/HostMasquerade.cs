using Appliance.Linux.Netlink.Nftables;
using Appliance.Linux.Netlink.Route;

namespace Appliance.Agent.Network.Plan;

/// <summary>Lets provider networks that end at this machine reach the outside under its address.</summary>
internal static class HostMasquerade
{
    private const int SourceNat = 100;

    /// <param name="networks">The machine's interface on each, and its prefix.</param>
    public static NftTable Table(IEnumerable<(string Interface, IpPrefix Prefix)> networks) => new(NftFamily.Ipv4, NetworkNames.Table,
    [
        new("postrouting", new("nat", NftHooks.Postrouting, SourceNat),
        [
            // br_netfilter shows frames within the provider network here too; they leave "by" its bridge and must stay as they are.
            .. networks.Select(network => NftRuleBuilder.New().Source(network.Prefix).OutputInterfaceIsNot(network.Interface)
                .OutputInterfaceDoesNotStartWith(NetworkNames.BridgePrefix).Masquerade()),
        ]),
    ], []);
}
