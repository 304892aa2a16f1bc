using System.Text;
using System.Text.Json;
using Appliance.Agent.Link;
using Appliance.Agent.Logging;
using Appliance.Agent.Node;
using Appliance.Agent.Node.Documents;
using Appliance.Agent.Node.Reconcile;
using Appliance.Controller.Tests.Link;
using Appliance.Protocol;
using Appliance.Protocol.Documents;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Tests.Compute;

/// <summary>A real agent's link and documents; what becomes of its servers is said by the test.</summary>
internal sealed class ScriptedNode : IAsyncDisposable
{
    private readonly string _folder;
    private readonly DocumentStore _documents;
    private readonly ReconcileLoop _loop;
    private readonly Servers _servers;
    private ControllerLink _link;

    private ScriptedNode(string folder, NodeIdentity identity, ControllerAddress controller, NodeReport report)
    {
        _folder = folder;
        _documents = DocumentStore.Open(Path.Combine(folder, "documents"), Log.Silent);
        var board = new StatusBoard(_documents);
        _servers = new Servers(this);
        _loop = new ReconcileLoop(_documents, board, [_servers], TimeSpan.FromMinutes(1), TimeProvider.System, Log.Silent);
        Context = new LinkContext(identity.NodeId, _documents, board, () => report, new LinkHandlers(
            new Dictionary<string, RequestHandler>
            {
                [LinkMethods.ConsoleLog] = ConsoleLogAsync,
                [LinkMethods.HostUptime] = Appliance.Agent.Commands.Parts.HostRequests.UptimeAsync,
            },
            OpenSerialAsync), TimeProvider.System, Log.Silent);
        (Identity, Controller) = (identity, controller);
        _link = new ControllerLink(controller, new IdentityStore(Path.Combine(folder, "identity")), identity, Context);
    }

    public LinkContext Context { get; }
    public NodeIdentity Identity { get; }
    public ControllerAddress Controller { get; }
    public string Id => Identity.NodeId;

    /// <summary>What the node says of a server; null: nothing yet. By default all is done at once.</summary>
    public Func<Versioned<ServerDocument>, ObjectStatus?> Answer { get; set; } = Done;

    /// <summary>Whether removed servers are gone at once.</summary>
    public bool Removes { get; set; } = true;

    public IReadOnlyList<Versioned<ServerDocument>> Documents => _documents.Snapshot().Servers;

    public static async Task<ScriptedNode> JoinAsync(TestCloud cloud, string name = "n1", int cpus = 4, int memoryMiB = 8192)
    {
        var folder = Directory.CreateTempSubdirectory("appliance-node-").FullName;
        var identity = await new Enrolment(TestNode.AddressOf(cloud), new IdentityStore(Path.Combine(folder, "identity")))
            .JoinAsync(await TestNode.MakeTokenAsync(cloud), name, CancellationToken.None);
        var report = TestNode.Report with
        {
            HostName = name,
            MemoryMiB = memoryMiB,
            ReservedMemoryMiB = 512,
            Cpu = TestNode.Report.Cpu with { Count = cpus },
            DiskGiB = 1000,
        };
        var node = new ScriptedNode(folder, identity, TestNode.AddressOf(cloud), report);
        node._loop.Start();
        node._link.Start();
        await Eventually.TrueAsync(async () => (await cloud.GetAsync("/compute/v2.1/os-hypervisors/detail")).Text.Contains(name, StringComparison.Ordinal)
            && await cloud.Host.Platform.Database.ReadAsync((tx, ct) => tx.CountAsync(
                "SELECT COUNT(*) FROM placement_inventories WHERE provider_id = @id", ct, ("id", identity.NodeId)), CancellationToken.None) == 3,
            $"node {name} is a resource provider");
        return node;
    }

    public static ObjectStatus Status(Versioned<ServerDocument> server, string state, string power, string? fault = null) => new(
        DocumentKinds.Server, server.Document.Id, server.Generation, state, fault,
        JsonSerializer.SerializeToElement(new ServerStatusDetails(
            power, "simulated", null, null, [.. server.Document.Operations.Select(static operation => operation.Id)]),
            ProtocolJson.Default.ServerStatusDetails));

    public static ObjectStatus Done(Versioned<ServerDocument> server) => Status(server, ServerStates.Converged, server.Document.PowerState);

    /// <summary>Has the node look at its servers again, after <see cref="Answer"/> changed.</summary>
    public void Look() => _loop.Wake("servers");

    /// <summary>Cuts the node off, as a power failure does.</summary>
    public async Task DisconnectAsync() => await _link.DisposeAsync();

    public void Reconnect()
    {
        _link = new ControllerLink(Controller, new IdentityStore(Path.Combine(_folder, "identity")), Identity, Context);
        _link.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync();
        await _loop.DisposeAsync();
        _documents.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static Task<JsonElement?> ConsoleLogAsync(JsonElement arguments, CancellationToken ct)
    {
        var asked = arguments.Deserialize(ProtocolJson.Default.ConsoleLogArguments)!;
        var text = string.Join('\n', Enumerable.Range(1, 20).Select(line => $"line {line} of {asked.ServerId}")) + "\n";
        return Task.FromResult<JsonElement?>(JsonSerializer.SerializeToElement(
            new ConsoleLogResult(Convert.ToBase64String(Encoding.UTF8.GetBytes(text))), ProtocolJson.Default.ConsoleLogResult));
    }

    private Task<Stream?> OpenSerialAsync(string serverId, CancellationToken ct)
    {
        var (mine, theirs) = Nerdbank.Streams.FullDuplexStream.CreatePair();
        _ = EchoAsync(mine, CancellationToken.None);
        return Task.FromResult<Stream?>(theirs);

        static async Task EchoAsync(Stream serial, CancellationToken ct)
        {
            var buffer = new byte[256];
            await serial.WriteAsync("login: "u8.ToArray(), ct);
            while (await serial.ReadAsync(buffer, ct) is > 0 and var length)
                await serial.WriteAsync(Encoding.UTF8.GetBytes("you said " + Encoding.UTF8.GetString(buffer, 0, length)), ct);
        }
    }

    private sealed class Servers(ScriptedNode node) : IConsumer
    {
        public string Name => "servers";
        public IReadOnlyList<string> Kinds => [DocumentKinds.Server];

        public Task<PassResult> ConvergeAsync(DesiredState desired, CancellationToken ct) => Task.FromResult(new PassResult(
            [.. desired.Servers.Select(server => node.Answer(server)).OfType<ObjectStatus>()],
            node.Removes ? null : desired.Removed.Select(static removed => new DocumentKey(removed.Kind, removed.Id)).ToHashSet()));
    }
}
