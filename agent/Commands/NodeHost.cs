using Appliance.Agent.Commands.Parts;
using Appliance.Agent.Link;
using Appliance.Agent.Logging;
using Appliance.Agent.Node;
using Appliance.Agent.Node.Capabilities;
using Appliance.Agent.Node.Documents;
using Appliance.Agent.Node.Reconcile;

namespace Appliance.Agent.Commands;

/// <summary>A running node: documents, parts, reconcile loop and link, joined. Disposing it leaves guests and networks as they are.</summary>
internal sealed class NodeHost : IAsyncDisposable
{
    // Something else may change what the node made (an operator, a guest's process dying); a pass repairs it within this time.
    private static readonly TimeSpan PassInterval = TimeSpan.FromSeconds(30);

    private readonly DocumentStore _documents;
    private readonly NodeParts _parts;
    private readonly ReconcileLoop _loop;
    private readonly ControllerLink _link;

    private NodeHost(DocumentStore documents, NodeParts parts, ReconcileLoop loop, ControllerLink link) =>
        (_documents, _parts, _loop, _link) = (documents, parts, loop, link);

    /// <summary>Starts from what is on disk; the controller is connected to in the background.</summary>
    public static async Task<NodeHost> StartAsync(
        AgentOptions options, ControllerAddress controller, DataFolder folder, IdentityStore identities, NodeIdentity identity, Log log,
        CancellationToken ct)
    {
        options = options with { TunnelAddress = options.TunnelAddress ?? TunnelAddress.Guess(controller) };
        var documents = DocumentStore.Open(folder.Documents, log.For("node"));
        var board = new StatusBoard(documents);
        var ports = new NodePorts(documents, board);
        board.Changed = ports.OnStatus;
        var images = new LinkImages();
        ReconcileLoop? loop = null;
        var parts = await NodeParts.CreateAsync(
            options, folder, new NodeSeams(documents.Snapshot, ports, images, board.Set, part => loop?.Wake(part)), log, ct);
        loop = new ReconcileLoop(documents, board, parts.Consumers, PassInterval, TimeProvider.System, log);

        var facts = new NodeFacts(
            options.HostName, folder.Root, options.TunnelAddress,
            [.. options.PhysicalNetworks.Select(static provider => provider.Label)], options.Cpus, options.MemoryMiB, options.DiskGiB,
            Reflinks.AreSupportedIn(folder.Root), () => parts.Fleet.Drivers);
        var link = images.Link = new ControllerLink(
            controller, identities, identity,
            new LinkContext(
                identity.NodeId, documents, board, () => NodeProbe.Measure(facts), parts.CreateHandlers(), TimeProvider.System, log.For("link")));
        link.Connected = parts.Fleet.Retry;

        loop.Start();
        link.Start();
        return new NodeHost(documents, parts, loop, link);
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        await _link.DisposeAsync();
        await _parts.DisposeAsync();
        _documents.Dispose();
    }
}
