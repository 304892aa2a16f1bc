using Appliance.Agent.Network.Plan;
using Appliance.Linux.Libc;
using Appliance.Linux.Netlink;
using Appliance.Linux.Netlink.Route;
using Appliance.Protocol;

namespace Appliance.Agent.Network.Apply;

/// <summary>Permanent forwarding entries of the tunnels: exactly the planned ones.</summary>
internal static class ForwardingApplier
{
    public static void Apply(RouteSocket route, NodePlan plan, IEnumerable<LinkInfo> links, ConvergeFaults faults)
    {
        var owners = plan.Links.OfType<PlannedVxlan>().ToDictionary(link => link.Name, link => link.Owner);
        var tunnels = links.Where(link => owners.ContainsKey(link.Name)).ToDictionary(link => link.Name);
        if (tunnels.Count == 0)
            return;

        var indexes = tunnels.Values.ToDictionary(link => link.Index, link => owners[link.Name]);
        var present = route.ListForwarding().Where(entry => indexes.ContainsKey(entry.LinkIndex)).ToHashSet();
        var wanted = plan.Forwarding.Where(entry => tunnels.ContainsKey(entry.Link))
            .Select(entry => new ForwardingEntry(tunnels[entry.Link].Index, entry.Mac, entry.Vtep)).ToHashSet();

        using var batch = new NetlinkBatch();
        var touched = new List<DocumentKey>();
        foreach (var entry in present.Except(wanted))
        {
            batch.DeleteForwarding(entry);
            touched.Add(indexes[entry.LinkIndex]);
        }

        foreach (var entry in wanted.Except(present))
        {
            batch.AddForwarding(entry);
            touched.Add(indexes[entry.LinkIndex]);
        }

        // ENOENT: an entry that was to be removed is gone.
        foreach (var failure in route.Execute(batch).Where(failure => failure.Errno != Errno.ENOENT))
            faults.Add(touched[failure.Index], failure.ToString());
    }
}
