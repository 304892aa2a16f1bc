using System.Net;
using Appliance.Agent.Network.Plan;
using Appliance.Linux.Libc;
using Appliance.Linux.Namespaces;
using Appliance.Linux.Netlink;
using Appliance.Linux.Netlink.Conntrack;
using Appliance.Linux.Netlink.Nftables;
using Appliance.Linux.Netlink.Route;

namespace Appliance.Agent.Network.Apply;

/// <summary>Routers' and metadata namespaces: which there are, and what is inside.</summary>
/// <param name="instance"><see cref="NetworkOptions.Instance"/>, resolved.</param>
internal sealed class NamespaceApplier(string instance) : IDisposable
{
    private static readonly (NftFamily, string)[] OwnTables = [(NftFamily.Ipv4, NetworkNames.Table)];

    private readonly Dictionary<string, NamespaceContext> _contexts = [];

    /// <summary>The open namespaces by name.</summary>
    public IReadOnlyDictionary<string, NetworkNamespace> Namespaces => _contexts.ToDictionary(pair => pair.Key, pair => pair.Value.Namespace);

    /// <summary>Removes namespaces that are not planned and makes those that are missing.</summary>
    /// <returns>The ones made now.</returns>
    public IReadOnlySet<string> Prepare(NodePlan plan)
    {
        var wanted = plan.Namespaces.Select(planned => planned.Name).ToHashSet();
        foreach (string name in NetworkNamespace.List().Where(name => NetworkNames.IsOwnNamespace(instance, name) && !wanted.Contains(name)))
        {
            Forget(name);
            NetworkNamespace.Delete(name);
        }

        var fresh = new HashSet<string>();
        foreach (var planned in plan.Namespaces)
        {
            var existing = NetworkNamespace.Find(planned.Name);
            if (existing is null)
            {
                Forget(planned.Name);
                fresh.Add(planned.Name);
            }

            if (!_contexts.ContainsKey(planned.Name))
                _contexts[planned.Name] = Open(planned, existing ?? NetworkNamespace.Ensure(planned.Name));
            else
                existing?.Dispose();
        }

        return fresh;
    }

    /// <summary>Brings each namespace's inside to the plan.</summary>
    public void Configure(NodePlan plan, ConvergeFaults faults)
    {
        foreach (var planned in plan.Namespaces)
        {
            try
            {
                Configure(_contexts[planned.Name], planned, faults);
            }
            catch (LinuxException error)
            {
                faults.Add(planned.Owner, error.Message);
            }
        }
    }

    public void Dispose()
    {
        foreach (var context in _contexts.Values)
            context.Dispose();
        _contexts.Clear();
    }

    private void Forget(string name)
    {
        if (_contexts.Remove(name, out var context))
            context.Dispose();
    }

    private static NamespaceContext Open(PlannedNamespace planned, NetworkNamespace netns)
    {
        // Before any link is inside: "default" settings are what links start with.
        netns.Run(() =>
        {
            foreach (var (path, value) in planned.Sysctls)
                Sysctl.Set(path, value);
        });
        return new(netns);
    }

    private static void Configure(NamespaceContext context, PlannedNamespace planned, ConvergeFaults faults)
    {
        var change = context.Nft.Converge(planned.Tables, OwnTables);
        var links = context.Route.ListLinks().ToDictionary(link => link.Name);
        using var batch = new NetlinkBatch();
        if (links.TryGetValue("lo", out var loopback) && !loopback.Up)
            batch.SetLink(loopback, up: true);

        var made = new List<(PlannedInterface Planned, LinkInfo Link)>();
        foreach (var wanted in planned.Interfaces)
        {
            if (!links.TryGetValue(wanted.Name, out var link))
            {
                faults.Add(planned.Owner, $"Interface {wanted.Name} does not exist in namespace {planned.Name}.");
                continue;
            }

            made.Add((wanted, link));
            if (!link.Up || link.Mtu != wanted.Mtu || link.MacAddress != wanted.Mac)
                batch.SetLink(link, up: true, mtu: wanted.Mtu, mac: link.MacAddress == wanted.Mac ? null : wanted.Mac);
        }

        context.Route.ExecuteAll(batch);
        var added = SetAddresses(context, made);
        SetRoutes(context, planned, made);
        Announcer.Announce(context.Namespace, context.Visited ? added : Everything(made));
        if (planned.Translation is { } translation && (change.Changed || !context.Visited))
            EndStale(context, translation);
        context.Visited = true;
    }

    private static List<Announcement> SetAddresses(NamespaceContext context, List<(PlannedInterface Planned, LinkInfo Link)> made)
    {
        var present = context.Route.ListAddresses();
        var added = new List<Announcement>();
        using var batch = new NetlinkBatch();
        foreach (var (planned, link) in made)
        {
            // Link-local ones are the kernel's own, unless planned.
            var have = present.Where(address => address.LinkIndex == link.Index).ToList();
            foreach (var gone in have.Where(address => address.Scope == 0 && !planned.Addresses.Contains(address.Prefix)))
                batch.DeleteAddress(link.Index, gone.Prefix);
            foreach (var missing in planned.Addresses.Where(address => have.All(old => old.Prefix != address)))
            {
                batch.AddAddress(link.Index, missing);
                added.Add(new(link.Index, planned.Mac, missing.Address));
            }
        }

        context.Route.ExecuteAll(batch);
        return added;
    }

    private static void SetRoutes(NamespaceContext context, PlannedNamespace planned, List<(PlannedInterface Planned, LinkInfo Link)> made)
    {
        var indexes = made.ToDictionary(pair => pair.Planned.Name, pair => pair.Link.Index);
        var wanted = planned.Routes.Where(route => indexes.ContainsKey(route.Interface))
            .Select(route => (Entry: new RouteEntry(route.Destination, route.NextHop, indexes[route.Interface]), route.OnLink)).ToList();
        var present = context.Route.ListRoutes();
        using var batch = new NetlinkBatch();
        foreach (var gone in present.Where(route => wanted.All(pair => pair.Entry != route)))
            batch.DeleteRoute(gone);
        foreach (var (entry, onLink) in wanted.Where(pair => !present.Contains(pair.Entry)))
            batch.AddRoute(entry, onLink);
        context.Route.ExecuteAll(batch);
    }

    private static List<Announcement> Everything(List<(PlannedInterface Planned, LinkInfo Link)> made) =>
        [.. made.SelectMany(pair => pair.Planned.Addresses.Select(address => new Announcement(pair.Link.Index, pair.Planned.Mac, address.Address)))];

    /// <summary>Ends connections under a translation that is no more: a moved floating address would go on leading to its old server.</summary>
    private static void EndStale(NamespaceContext context, RouterTranslation translation) =>
        context.Conntrack.DeleteAll(context.Conntrack.List().Where(connection => IsStale(connection, translation)));

    internal static bool IsStale(Connection connection, RouterTranslation translation)
    {
        var (original, reply) = (connection.Original, connection.Reply);
        if ((connection.Status & ConntrackConstants.IPS_DST_NAT) != 0
            && !(translation.Floating.TryGetValue(original.Destination, out var inside) && inside.Equals(reply.Source)))
        {
            return true;
        }

        if ((connection.Status & ConntrackConstants.IPS_SRC_NAT) == 0)
            return false;

        // Translated sources are a floating address that still belongs to the sender, or the router's own.
        bool isFloating = translation.Floating.TryGetValue(reply.Destination, out IPAddress? owner) && owner.Equals(original.Source);
        return !isFloating && !reply.Destination.Equals(translation.External);
    }
}
