using System.Net;
using Appliance.Agent.Addresses;
using Appliance.Linux.Netlink.Route;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network.Plan;

/// <summary>
/// Where guests of a network find the metadata addresses: a namespace on the network's bridge, so that tenants' overlapping addresses do
/// not meet. It reaches every address of the network directly, with no router between.
/// </summary>
internal static class MetadataPlan
{
    public static PlannedNamespace Namespace(string instance, NetworkDocument network, DocumentKey owner) => new(
        NetworkNames.MetadataNamespace(instance, network.Id), owner,
        [
            new("ipv4/conf/all/rp_filter", "0"),
            new("ipv4/conf/default/rp_filter", "0"),
            new("ipv4/conf/all/arp_ignore", "1"),
            new("ipv6/conf/default/accept_dad", "0"),
            new("ipv6/conf/default/accept_ra", "0"),
        ],
        [
            new(NetworkNames.MetadataInterface, ServiceAddresses.Mac.ToString(), network.Mtu,
                [new(ServiceAddresses.Ipv4, 32), new(ServiceAddresses.Ipv6, 64)]),
        ],
        [new(new(IPAddress.Any, 0), null, NetworkNames.MetadataInterface, OnLink: false)],
        [], null);
}
