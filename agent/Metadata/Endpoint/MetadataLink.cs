using System.Net;
using Appliance.Agent.Network.Frames;
using Appliance.Linux.Namespaces;
using Appliance.Linux.Netlink;
using Appliance.Linux.Netlink.Route;

namespace Appliance.Agent.Metadata.Endpoint;

/// <summary>
/// The metadata addresses on one network: a namespace of its own, because networks may use the same addresses, with a veth into the network's
/// bridge. The namespace has no name and lives by the agent's descriptors: nothing of it outlasts the agent.
/// </summary>
internal sealed class MetadataLink : IDisposable
{
    private const string Inside = "eth0";

    /// <summary>15 characters are what an interface name may have.</summary>
    private const int IdDigits = 11;

    private readonly NetworkNamespace _node;
    private int _bridgeIndex;

    private MetadataLink(MetadataNetwork network, NetworkNamespace node) =>
        (Network, _node, Namespace) = (network, node, NetworkNamespace.Anonymous($"apmeta-{network.NetworkId}"));

    public MetadataNetwork Network { get; }

    public NetworkNamespace Namespace { get; }

    /// <summary>Interface index of the metadata addresses inside the namespace; the scope of the IPv6 one.</summary>
    public int InsideIndex { get; private set; }

    /// <summary>Whether the node has IPv6 at all.</summary>
    public bool HasIpv6 { get; private set; }

    /// <summary>The end in the bridge, for example <c>apm-22222222000</c>.</summary>
    public static string NameOf(string networkId) =>
        "apm-" + new string([.. networkId.Where(char.IsAsciiLetterOrDigit).Take(IdDigits)]);

    /// <summary>Makes it anew, whatever is left of an earlier one.</summary>
    /// <param name="node">Where the bridge is; stays the caller's, who keeps it longer than the link.</param>
    /// <returns>Null when the bridge does not exist.</returns>
    /// <exception cref="Linux.Libc.LinuxException">The kernel refused something; nothing is left.</exception>
    public static MetadataLink? TryCreate(MetadataNetwork network, NetworkNamespace node)
    {
        var link = new MetadataLink(network, node);
        try
        {
            if (node.Run(link.TryPlug))
            {
                link.Namespace.Run(link.Configure);
                return link;
            }
        }
        catch (Exception)
        {
            link.Dispose();
            throw;
        }

        link.Dispose();
        return null;
    }

    /// <summary>Whether it still is as it was made: the bridge may have been replaced or the link taken away.</summary>
    public bool IsIntact(MetadataNetwork wanted) => wanted == Network && _node.Run(() =>
    {
        using var route = new RouteSocket();
        return route.FindLink(NameOf(Network.NetworkId)) is { Up: true } end && end.Master == _bridgeIndex;
    });

    /// <summary>
    /// The veth would go with its namespace, but connections that were just closed can hold that for a while; so it is deleted here.
    /// </summary>
    public void Dispose()
    {
        Namespace.Dispose();
        _node.Run(() =>
        {
            using var route = new RouteSocket();
            Unplug(route, NameOf(Network.NetworkId));
        });
    }

    private static void Unplug(RouteSocket route, string name)
    {
        if (route.FindLink(name) is not { } old)
            return;

        using var batch = new NetlinkBatch();
        // It may have gone by itself meanwhile, with the namespace of its other end.
        route.Execute(batch.DeleteLink(old));
    }

    /// <returns>False when there is no bridge.</returns>
    private bool TryPlug()
    {
        using var route = new RouteSocket();
        if (route.FindLink(Network.BridgeName) is not { } bridge)
            return false;

        _bridgeIndex = bridge.Index;
        string name = NameOf(Network.NetworkId);
        string mac = ServiceAddresses.Mac.ToString();
        Unplug(route, name);
        using var batch = new NetlinkBatch();
        route.ExecuteAll(batch.AddVeth(name, Network.Mtu, Inside, Namespace.Descriptor, mac));

        var end = route.FindLink(name) ?? throw new InvalidOperationException($"Link {name} vanished while it was made.");
        batch.Clear();
        batch.SetLink(end, master: bridge.Index, withoutLinkLocal: true);
        // Every node has this address: guests reach their own node's, whatever they hear from others.
        batch.SetBridgePortIsolated(end, isolated: true);
        batch.AddForwarding(new ForwardingEntry(end.Index, mac, null));
        batch.SetLink(end, up: true);
        route.ExecuteAll(batch);
        return true;
    }

    private void Configure()
    {
        using var route = new RouteSocket();
        var inside = route.FindLink(Inside) ?? throw new InvalidOperationException($"Link {Inside} vanished from {Namespace.Name}.");
        InsideIndex = inside.Index;
        // Guests must not configure this end: it believes no advertisement.
        string acceptRa = $"/proc/sys/net/ipv6/conf/{Inside}/accept_ra";
        HasIpv6 = File.Exists(acceptRa);
        if (HasIpv6)
            File.WriteAllText(acceptRa, "0");

        using var batch = new NetlinkBatch();
        batch.SetLink(inside, withoutLinkLocal: true);
        batch.SetLink(inside, up: true);
        batch.AddAddress(inside.Index, new IpPrefix(ServiceAddresses.Ipv4, 32));
        if (HasIpv6)
            batch.AddAddress(inside.Index, new IpPrefix(ServiceAddresses.Ipv6, 64));
        // Guests of all subnets are on the link.
        batch.AddRoute(new RouteEntry(new IpPrefix(IPAddress.Any, 0), null, inside.Index));
        route.ExecuteAll(batch);
    }
}
