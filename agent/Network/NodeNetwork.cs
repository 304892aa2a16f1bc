using Appliance.Agent.Network.Apply;
using Appliance.Agent.Network.Plan;
using Appliance.Linux.Libc;
using Appliance.Linux.Namespaces;
using Appliance.Linux.Netlink.Nftables;
using Appliance.Protocol;
using Appliance.Protocol.Documents;

namespace Appliance.Agent.Network;

/// <summary>
/// The node's network: reads what the kernel has, and closes the difference to what the documents ask for. It keeps nothing that the kernel
/// does not keep too, so it goes on after a restart of the agent or the machine. Everything happens in one network namespace, the one
/// given at construction, and in named namespaces of its own.
/// </summary>
internal sealed class NodeNetwork : IDisposable
{
    private const string Active = "active";
    private const string Down = "down";
    private const string Error = "error";

    private static readonly (NftFamily Family, string Name)[] OwnTables =
        [(NftFamily.Bridge, NetworkNames.Table), (NftFamily.Inet, NetworkNames.Table), (NftFamily.Ipv4, NetworkNames.Table)];

    private readonly NetworkOptions _options;
    private readonly string _instance;
    private readonly NamespaceContext _home;
    private readonly LinkApplier _links;
    private readonly NamespaceApplier _namespaces;
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly ChainCache _chains = new();
    private readonly string? _filterFault;

    /// <param name="within">The namespace to work in, which stays the caller's; null: the process's own.</param>
    /// <exception cref="LinuxException">The process may not use netlink.</exception>
    public NodeNetwork(NetworkOptions options, NetworkNamespace? within = null)
    {
        _options = options;
        _home = new(within is null ? NetworkNamespace.Current() : within.Run(NetworkNamespace.Current));
        _instance = options.Instance ?? _home.Namespace.Run(NodeInstance.Detect);
        _links = new(_home.Route, options);
        _namespaces = new(_instance);
        _filterFault = PrepareKernel();
    }

    /// <summary><see cref="NetworkOptions.Instance"/>, resolved: part of the names of named namespaces (<see cref="NetworkNames"/>).</summary>
    public string Instance => _instance;

    /// <summary>
    /// One pass. Safe to repeat and to interrupt at any point; costs a few reads when nothing differs. Calls wait for each other.
    /// </summary>
    /// <returns>Statuses of networks, ports and routers. What cannot be made has a fault; the rest is made all the same.</returns>
    public async Task<IReadOnlyList<ObjectStatus>> ConvergeAsync(NetworkDesired desired, CancellationToken ct)
    {
        await _one.WaitAsync(ct);
        try
        {
            return await Task.Run(() => _home.Namespace.Run(() => Converge(desired)), ct);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose()
    {
        _namespaces.Dispose();
        _home.Dispose();
        _one.Dispose();
    }

    private IReadOnlyList<ObjectStatus> Converge(NetworkDesired desired)
    {
        _links.Read();
        _chains.BeginPlan();
        var (plan, makePolicy) = NodePlanner.Plan(desired, _options, _instance, ReadFacts(), _chains);
        var faults = new ConvergeFaults(plan.Faults);
        bool stopForwarding = !plan.HostForwarding && HasSwitchedForwardingOn();

        var fresh = _namespaces.Prepare(plan);
        _links.Prepare(plan, _namespaces.Namespaces, fresh, faults);
        if (TryFilter(plan, desired, faults) is not { } change)
            return Statuses(desired, faults);

        if (plan.HostForwarding)
            Sysctl.Set("ipv4/ip_forward", "1");
        if (stopForwarding)
            Sysctl.Set("ipv4/ip_forward", "0");
        _links.Configure(plan, faults);
        ForwardingApplier.Apply(_home.Route, plan, _links.Links, faults);
        _namespaces.Configure(plan, faults);
        EndForbidden(makePolicy, change);
        _home.Visited = true;
        return Statuses(desired, faults);
    }

    /// <summary>Null when the kernel refused the rules: the old ones stand, and no link may get traffic that they do not know.</summary>
    private NftChange? TryFilter(NodePlan plan, NetworkDesired desired, ConvergeFaults faults)
    {
        try
        {
            return _home.Nft.Converge(plan.Tables, OwnTables);
        }
        catch (LinuxException error)
        {
            var held = desired.Networks.Select(network => new DocumentKey(DocumentKinds.Network, network.Document.Id))
                .Concat(desired.Ports.Select(port => new DocumentKey(DocumentKinds.Port, port.Document.Id)))
                .Concat(desired.Routers.Select(router => new DocumentKey(DocumentKinds.Router, router.Document.Id)));
            foreach (var document in held)
                faults.Add(document, $"The node's packet filter could not be changed. {error.Message}");
            return null;
        }
    }

    /// <summary>Ends connections that present rules forbid, after a change that may have forbidden some.</summary>
    private void EndForbidden(Func<ConnectionPolicy> makePolicy, NftChange change)
    {
        // An earlier process may have stopped between changing the rules and this.
        bool mayForbid = !_home.Visited || change.ShrunkSets.Count > 0 || change.ChangedChains.Any(chain => chain.Family == NftFamily.Inet);
        if (!mayForbid || _home.Conntrack.List() is not { Count: > 0 } connections)
            return;

        var policy = makePolicy();
        _home.Conntrack.DeleteAll(connections.Where(connection => !policy.Allows(connection)));
    }

    private KernelFacts ReadFacts()
    {
        var aliases = new List<LinkAlias>();
        foreach (var link in _links.Links)
        {
            if (LinkAlias.TryParse(link.Alias, out var alias))
                aliases.Add(alias);
        }

        var bridges = _links.Links.Where(link => link.Kind == "bridge" && !NetworkNames.IsOwnLink(link.Name)).Select(link => link.Name);
        return new(aliases, bridges.ToHashSet(), Sysctl.Read("ipv4/ip_forward") != "0", _filterFault);
    }

    private bool HasSwitchedForwardingOn() => _links.Links.Any(link =>
        LinkAlias.TryParse(link.Alias, out var alias) && alias is { Kind: LinkAlias.HostUplink, Number: LinkAlias.SwitchedForwardingOn });

    private string? PrepareKernel()
    {
        var failures = KernelParts.Load();
        if (_home.Namespace.Run(() => Sysctl.HasBridgeNetfilter))
            return null;

        string reason = failures.TryGetValue("br_netfilter", out var errno) ? $"loading it failed with {errno}" : "this kernel has no such module";
        return $"Security groups need br_netfilter, and {reason}. Provide the module, or a kernel with CONFIG_BRIDGE_NETFILTER.";
    }

    private static List<ObjectStatus> Statuses(NetworkDesired desired, ConvergeFaults faults)
    {
        var statuses = new List<ObjectStatus>();
        var down = desired.Networks.Where(network => !network.Document.AdminStateUp).Select(network => network.Document.Id).ToHashSet();
        foreach (var (generation, network) in desired.Networks)
            statuses.Add(Status(DocumentKinds.Network, network.Id, generation, Active, faults.Of(DocumentKinds.Network, network.Id)));
        foreach (var (generation, port) in desired.Ports)
        {
            string state = port.AdminStateUp && !down.Contains(port.NetworkId) ? Active : Down;
            statuses.Add(Status(DocumentKinds.Port, port.Id, generation, state, faults.Of(DocumentKinds.Port, port.Id)));
        }

        foreach (var (generation, router) in desired.Routers)
        {
            statuses.Add(Status(DocumentKinds.Router, router.Id, generation, router.AdminStateUp ? Active : Down,
                faults.Of(DocumentKinds.Router, router.Id)));
        }

        return statuses;
    }

    private static ObjectStatus Status(string kind, string id, long generation, string state, string? fault) =>
        new(kind, id, generation, fault is null ? state : Error, fault, null);
}
