using Appliance.Agent.Network.Plan;
using Appliance.Linux.Devices;
using Appliance.Linux.Libc;
using Appliance.Linux.Namespaces;
using Appliance.Linux.Netlink;
using Appliance.Linux.Netlink.Route;
using Appliance.Protocol;

namespace Appliance.Agent.Network.Apply;

/// <summary>
/// Links of the agent's namespace. Two steps, with the packet filter between them: links come into being down and on no bridge, and get
/// traffic only when their rules stand.
/// </summary>
internal sealed class LinkApplier(RouteSocket route, NetworkOptions options)
{
    private Dictionary<string, LinkInfo> _links = [];

    public void Read() => _links = route.ListLinks().ToDictionary(link => link.Name);

    public IEnumerable<LinkInfo> Links => _links.Values;

    /// <summary>Removes what is not wanted or of the wrong nature, and makes what is missing.</summary>
    /// <param name="namespaces">The open named namespaces, for veth peers.</param>
    /// <param name="fresh">Namespaces made in this pass: pairs into their predecessors are useless.</param>
    public void Prepare(NodePlan plan, IReadOnlyDictionary<string, NetworkNamespace> namespaces, IReadOnlySet<string> fresh, ConvergeFaults faults)
    {
        using var batch = new NetlinkBatch();
        var wanted = plan.Links.ToDictionary(link => link.Name);
        foreach (var link in _links.Values.Where(link => NetworkNames.IsOwnLink(link.Name)))
        {
            if (!wanted.TryGetValue(link.Name, out var planned) || !IsUsable(link, planned, fresh))
                batch.DeleteLink(link);
        }

        if (batch.Count > 0)
        {
            // ENODEV: the pair's other end went first.
            if (route.Execute(batch).FirstOrDefault(failure => failure.Errno != Errno.ENODEV) is { } failed)
                throw failed.ToException();
            Read();
        }

        if (Create(plan, namespaces, faults))
            Read();
    }

    /// <summary>Gives links their attributes, bridge and state.</summary>
    public void Configure(NodePlan plan, ConvergeFaults faults)
    {
        using var batch = new NetlinkBatch();
        var owners = new List<DocumentKey>();
        foreach (var planned in plan.Links)
        {
            if (!_links.TryGetValue(planned.Name, out var link))
            {
                faults.Add(planned.Owner, $"Interface {planned.Name} does not exist on this node.");
                continue;
            }

            Configure(batch, planned, link);
            while (owners.Count < batch.Count)
                owners.Add(planned.Owner);
        }

        Report(route.Execute(batch), owners, faults);
        SetLearning(plan, faults);
        SetAddresses(plan, faults);
    }

    private bool IsUsable(LinkInfo link, PlannedLink planned, IReadOnlySet<string> fresh) => planned switch
    {
        PlannedBridge => link.Kind == "bridge",
        PlannedVxlan vxlan => link.Vxlan == vxlan.Attributes,
        PlannedVeth veth => link.Kind == "veth" && (veth.PeerNamespace is { } peer ? !fresh.Contains(peer) : _links.ContainsKey(veth.PeerName)),
        _ => true,
    };

    private bool Create(NodePlan plan, IReadOnlyDictionary<string, NetworkNamespace> namespaces, ConvergeFaults faults)
    {
        using var batch = new NetlinkBatch();
        var owners = new List<DocumentKey>();
        bool created = false;
        foreach (var planned in plan.Links.Where(link => !_links.ContainsKey(link.Name)))
        {
            switch (planned)
            {
                case PlannedBridge:
                    batch.AddBridge(planned.Name, planned.Mtu);
                    break;
                case PlannedVxlan vxlan:
                    batch.AddVxlan(vxlan.Name, vxlan.Mtu, vxlan.Attributes);
                    break;
                case PlannedVeth veth when veth.PeerNamespace is null || namespaces.ContainsKey(veth.PeerNamespace):
                    var peer = veth.PeerNamespace is null ? null : namespaces[veth.PeerNamespace].Descriptor;
                    batch.AddVeth(veth.Name, veth.Mtu, veth.PeerName, peer, veth.PeerMac);
                    break;
                case PlannedTap:
                    created |= CreateTap(planned, faults);
                    break;
            }

            while (owners.Count < batch.Count)
                owners.Add(planned.Owner);
        }

        Report(route.Execute(batch), owners, faults);
        return created || batch.Count > 0;
    }

    private bool CreateTap(PlannedLink planned, ConvergeFaults faults)
    {
        try
        {
            TapDevice.EnsurePersistent(planned.Name, options.TapOwnerUid, options.TapOwnerGid);
            return true;
        }
        catch (LinuxException error)
        {
            faults.Add(planned.Owner, error.Message);
            return false;
        }
    }

    private void Configure(NetlinkBatch batch, PlannedLink planned, LinkInfo link)
    {
        int? master = planned.Bridge is not { } bridge ? null
            : _links.TryGetValue(bridge, out var found) && found.Index != link.Master ? found.Index : null;
        bool isOwn = planned is not PlannedUplink;
        int? mtu = isOwn && link.Mtu != planned.Mtu ? planned.Mtu : null;
        bool? up = link.Up != planned.Up ? planned.Up : null;
        string? alias = isOwn && link.Alias != planned.Alias ? planned.Alias : null;

        // This machine's own interface on a provider network is an ordinary one; every other has no address of its own.
        bool withoutLinkLocal = isOwn && link.GeneratesLinkLocal && planned is not PlannedPeer { Addresses.Count: > 0 };
        if (withoutLinkLocal)
            batch.SetLink(link, withoutLinkLocal: true);
        if (master is not null || mtu is not null || up is not null || alias is not null)
            batch.SetLink(link, up, mtu, master, alias);
        if (planned is PlannedBridge && link.Bridge is not { SpanningTree: false, MulticastSnooping: false, CallsIptables: true, CallsIp6tables: true })
            batch.SetBridge(link);
    }

    /// <summary>Where a MAC is behind a tunnel is given, never learned: a remote guest could otherwise claim a local one's.</summary>
    private void SetLearning(NodePlan plan, ConvergeFaults faults)
    {
        using var batch = new NetlinkBatch();
        var owners = new List<DocumentKey>();
        foreach (var planned in plan.Links.OfType<PlannedVxlan>())
        {
            if (!_links.TryGetValue(planned.Name, out var link) || link.BridgePort is { Learning: false })
                continue;
            batch.SetBridgePortLearning(link, false);
            owners.Add(planned.Owner);
        }

        Report(route.Execute(batch), owners, faults);
    }

    private void SetAddresses(NodePlan plan, ConvergeFaults faults)
    {
        var peers = plan.Links.OfType<PlannedPeer>().Where(peer => peer.Addresses.Count > 0).ToList();
        if (peers.Count == 0)
            return;

        var present = route.ListAddresses().Select(address => (address.LinkIndex, address.Prefix)).ToHashSet();
        using var batch = new NetlinkBatch();
        var owners = new List<DocumentKey>();
        foreach (var peer in peers)
        {
            if (!_links.TryGetValue(peer.Name, out var link))
                continue;
            foreach (var address in peer.Addresses.Where(address => !present.Contains((link.Index, address))))
            {
                batch.AddAddress(link.Index, address);
                owners.Add(peer.Owner);
            }
        }

        Report(route.Execute(batch), owners, faults);
    }

    private static void Report(IReadOnlyList<NetlinkFailure> failures, List<DocumentKey> owners, ConvergeFaults faults)
    {
        foreach (var failure in failures)
            faults.Add(owners[failure.Index], failure.ToString());
    }
}
