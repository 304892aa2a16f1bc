using Appliance.Agent.Link;
using Appliance.Agent.Logging;
using Appliance.Agent.Node;
using Appliance.Agent.Node.Capabilities;
using Appliance.Agent.Node.Documents;
using Appliance.Agent.Node.Reconcile;

namespace Appliance.Agent.Commands;

/// <summary>A running node: its parts, joined. Disposing it leaves guests and networks as they are.</summary>
internal sealed class NodeHost : IAsyncDisposable
{
    // Something else may change what the node made (an operator, a guest's process dying); a pass repairs it within this time.
    private static readonly TimeSpan PassInterval = TimeSpan.FromSeconds(30);

    private readonly DocumentStore _documents;
    private readonly ReconcileLoop _loop;
    private readonly ControllerLink _link;

    private NodeHost(DocumentStore documents, ReconcileLoop loop, ControllerLink link) => (_documents, _loop, _link) = (documents, loop, link);

    /// <summary>Starts from what is on disk; the controller is connected to in the background.</summary>
    public static NodeHost Start(
        AgentOptions options, ControllerAddress controller, DataFolder folder, IdentityStore identities, NodeIdentity identity, Log log)
    {
        var documents = DocumentStore.Open(folder.Documents, log.For("node"));
        var board = new StatusBoard(documents);
        var facts = new NodeFacts(
            options.HostName, folder.Root, options.TunnelAddress ?? TunnelAddress.Guess(controller), [.. options.PhysicalNetworks.Keys],
            options.Cpus, options.MemoryMiB, options.DiskGiB, HasReflink: false, Drivers: static () => []);
        var link = new ControllerLink(
            controller, identities, identity,
            new LinkContext(
                identity.NodeId, documents, board, () => NodeProbe.Measure(facts), LinkHandlers.None, TimeProvider.System, log.For("link")));
        var loop = new ReconcileLoop(documents, board, [], PassInterval, TimeProvider.System, log);
        loop.Start();
        link.Start();
        return new NodeHost(documents, loop, link);
    }

    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync();
        await _loop.DisposeAsync();
        _documents.Dispose();
    }
}
