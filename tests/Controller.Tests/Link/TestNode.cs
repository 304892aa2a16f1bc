using Appliance.Agent.Link;
using Appliance.Agent.Logging;
using Appliance.Agent.Node;
using Appliance.Agent.Node.Documents;
using Appliance.Agent.Node.Reconcile;
using Appliance.Controller.Data;
using Appliance.Controller.Link;
using Appliance.Protocol;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Tests.Link;

/// <summary>A real agent's link, documents and statuses in a folder of its own, without anything that touches the machine.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly ReconcileLoop _loop;
    private bool _isStopped;

    private TestNode(string folder, DocumentStore documents, StatusBoard board, NodeIdentity identity, ControllerAddress controller, LinkHandlers handlers)
    {
        Folder = folder;
        Documents = documents;
        Board = board;
        Identity = identity;
        Context = new LinkContext(identity.NodeId, documents, board, static () => Report, handlers, TimeProvider.System, Log.Silent);
        Link = new ControllerLink(controller, new IdentityStore(Path.Combine(folder, "identity")), identity, Context);
        _loop = new ReconcileLoop(documents, board, [new Echo()], TimeSpan.FromMinutes(1), TimeProvider.System, Log.Silent);
    }

    public static NodeReport Report { get; } = new(
        "n1", "0.1.0", "6.1", "127.0.0.1", ["public"], new CpuReport(4, 1, 4, 1, "x86_64", "v", "m", ["sse2"]), 8192, 512, 100, "ext4", false,
        [new DriverReport("simulated", true, null, null, "none")]);

    public string Folder { get; }
    public DocumentStore Documents { get; }
    public StatusBoard Board { get; }
    public NodeIdentity Identity { get; }
    public LinkContext Context { get; }
    public ControllerLink Link { get; }
    public string Id => Identity.NodeId;

    public static ControllerAddress AddressOf(TestCloud cloud)
    {
        var https = cloud.Host.Addresses.First(static url => url.StartsWith("https://", StringComparison.Ordinal));
        Assert.True(ControllerAddress.TryParse(https, out var address));
        return address;
    }

    public static async Task<JoinToken> MakeTokenAsync(TestCloud cloud, string? nodeName = null, TimeSpan? lifetime = null)
    {
        var text = await cloud.Host.Platform.Database.WriteAsync((tx, ct) => JoinTokens.CreateAsync(
            tx, cloud.Host.Certificates.AuthorityFingerprint, nodeName, DateTimeOffset.UtcNow + (lifetime ?? TimeSpan.FromHours(1)), ct),
            CancellationToken.None);
        Assert.True(JoinToken.TryParse(text, out var token));
        return token;
    }

    /// <summary>Joins, and connects in the background.</summary>
    public static async Task<TestNode> JoinAsync(TestCloud cloud, string name = "n1", LinkHandlers? handlers = null, bool connect = true)
    {
        var folder = Directory.CreateTempSubdirectory("appliance-node-").FullName;
        var identity = await new Enrolment(AddressOf(cloud), new IdentityStore(Path.Combine(folder, "identity")))
            .JoinAsync(await MakeTokenAsync(cloud), name, CancellationToken.None);
        return Start(cloud, folder, identity, handlers, connect);
    }

    /// <summary>Starts again over what an earlier node left in its folder.</summary>
    public static TestNode Start(TestCloud cloud, string folder, NodeIdentity identity, LinkHandlers? handlers = null, bool connect = true)
    {
        var documents = DocumentStore.Open(Path.Combine(folder, "documents"), Log.Silent);
        var node = new TestNode(folder, documents, new StatusBoard(documents), identity, AddressOf(cloud), handlers ?? LinkHandlers.None);
        node._loop.Start();
        if (connect)
            node.Link.Start();
        return node;
    }

    public List<(string Id, long Generation)> Sets() =>
        [.. Documents.Snapshot().AddressSets.Select(static set => (set.Document.Id, set.Generation)).Order()];

    /// <summary>As by <c>kill -9</c>: what is on disk stays.</summary>
    public async Task StopAsync()
    {
        if (_isStopped)
            return;

        _isStopped = true;
        await Link.DisposeAsync();
        await _loop.DisposeAsync();
        Documents.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (Directory.Exists(Folder))
            Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Reports every address set as active.</summary>
    private sealed class Echo : IConsumer
    {
        public string Name => "echo";
        public IReadOnlyList<string> Kinds => [DocumentKinds.AddressSet];

        public Task<PassResult> ConvergeAsync(Agent.Node.Documents.DesiredState desired, CancellationToken ct) =>
            Task.FromResult(new PassResult([.. desired.AddressSets.Select(static set =>
                new ObjectStatus(DocumentKinds.AddressSet, set.Document.Id, set.Generation, "active", null, null))]));
    }
}
