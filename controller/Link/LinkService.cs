using Appliance.Controller.Data;
using Appliance.Controller.Http;
using Appliance.Controller.Work;
using Appliance.Protocol.Link;

namespace Appliance.Controller.Link;

/// <summary>
/// The controller's end of the links: nodes join here, are sent what they should have, and say what they have. Services put documents through
/// <see cref="Desired"/>, hear through the sinks and watchers registered before the start, and ask nodes through <see cref="Nodes"/>.
/// </summary>
internal sealed partial class LinkService : IAsyncDisposable
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(2);

    private readonly Platform _platform;
    private readonly NodeRegistry _nodes;
    private readonly NodeWatch _watch;
    private readonly List<IStatusSink> _sinks = [];
    private readonly List<INodeWatcher> _watchers = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly ILogger _log;
    private IImageContent? _images;
    private Reconciler? _watching;

    public LinkService(Platform platform, SiteCertificates certificates)
    {
        _platform = platform;
        _log = platform.Logs.CreateLogger<LinkService>();
        _nodes = new NodeRegistry(platform.Clock);
        _watch = new NodeWatch(platform.Database, _nodes);
        Enrolment = new NodeEnrolment(platform.Database, certificates, platform.Changes, platform.Clock);
        Desired.OnChange(nodeId => _nodes.FindSession(nodeId)?.Wake());
    }

    public static IReadOnlyList<ComponentSchema> Schemas => LinkSchema.All;

    public DesiredState Desired { get; } = new();

    public INodes Nodes => _nodes;

    public NodeEnrolment Enrolment { get; }

    /// <summary>Whether the node's link is there at this moment; <see cref="Node.IsUp"/> also counts one that had no time to come back.</summary>
    public bool IsConnected(string nodeId) => _nodes.IsConnected(nodeId);

    /// <summary>Registers a service that hears statuses. Call before <see cref="StartAsync"/>; likewise the others.</summary>
    public void Add(IStatusSink sink) => _sinks.Add(sink);

    public void Add(INodeWatcher watcher) => _watchers.Add(watcher);

    public void Use(IImageContent images) => _images = images;

    /// <summary>After the database is open, before connections are accepted: watchers have heard of every node when this returns.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        _nodes.Load(await _platform.Database.ReadAsync(NodeStore.ListAsync, ct));
        _watch.Watchers = _watchers;
        await _platform.Database.WriteAsync((tx, token) => JoinTokens.DeleteExpiredAsync(tx, _platform.Clock.GetUtcNow(), token), ct);
        await _watch.PassAsync(ct);
        _watching = _platform.CreateReconciler("nodes", WatchInterval, _watch.PassAsync);
        _watching.Start();
    }

    /// <summary>Whether a certificate with this serial number opens the link of this node; from the database, so a revocation counts at once.</summary>
    public async Task<bool> IsWelcomeAsync(string nodeId, string serial, CancellationToken ct) =>
        (await _platform.Database.ReadAsync((tx, token) => NodeStore.FindAsync(tx, nodeId, token), ct))?.Accepts(serial) == true;

    /// <summary>A node joined or changed its name: take its row over and tell the watchers.</summary>
    public async Task RefreshAsync(string nodeId, CancellationToken ct)
    {
        if (await _platform.Database.ReadAsync((tx, token) => NodeStore.FindAsync(tx, nodeId, token), ct) is { } row)
            _nodes.Set(row);
        _watching?.Wake();
    }

    /// <summary>Refuses a node from now on; its link is closed.</summary>
    public async Task RevokeAsync(string nodeId, CancellationToken ct)
    {
        await _platform.Database.WriteAsync((tx, token) => NodeStore.SetRevokedAsync(tx, nodeId, token), ct);
        await RefreshAsync(nodeId, ct);
        _nodes.FindSession(nodeId)?.Close();
    }

    /// <summary>Ends a node's connection; the node comes back by itself.</summary>
    public void Disconnect(string nodeId) => _nodes.FindSession(nodeId)?.Close();

    /// <summary>Runs one upgraded connection of an authenticated node to its end.</summary>
    public async Task RunAsync(string nodeId, Stream stream, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct, _stop.Token);
        try
        {
            await using var session = new NodeSession(
                nodeId, stream, new SessionContext(_platform.Database, _sinks, _images, _platform.Clock, _log));
            await RunAsync(session, stop.Token);
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            LogBroken(nodeId, e.Message);
        }
        catch (Exception)
        {
            // The controller stops, or the request was aborted: the connection ends with it.
        }
    }

    /// <summary>Closes every link and takes no new one. Links are requests that never end by themselves: the listener would wait for them.</summary>
    public void Close() => _stop.Cancel();

    /// <summary>After the listener has stopped.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_watching is not null)
            await _watching.DisposeAsync();
    }

    private async Task RunAsync(NodeSession session, CancellationToken ct)
    {
        var hello = await session.ReadHelloAsync(ct);
        var isFull = await _platform.Database.WriteAsync((tx, token) => GreetAsync(tx, hello, token), ct);
        await RefreshAsync(session.NodeId, ct);
        _nodes.Connect(session);
        try
        {
            _watching?.Wake();
            LogConnected(hello.Report.HostName, session.NodeId, isFull);
            await session.RunAsync(isFull, hello.LastSequence, (report, token) => SetReportAsync(session.NodeId, report, token), ct);
            LogDisconnected(hello.Report.HostName, session.NodeId);
        }
        finally
        {
            _nodes.Disconnect(session);
            _watching?.Wake();
        }
    }

    private async Task<bool> GreetAsync(Session tx, HelloMessage hello, CancellationToken ct)
    {
        var row = await NodeStore.FindAsync(tx, hello.NodeId, ct);
        var isFull = await DesiredDocuments.NeedsFullSyncAsync(tx, hello.NodeId, hello.LastSequence, ct) || row?.StoreId != hello.StoreId;
        await NodeStore.SetConnectedAsync(tx, hello.NodeId, hello.StoreId, hello.Report, _platform.Clock.GetUtcNow(), ct);
        return isFull;
    }

    private async Task SetReportAsync(string nodeId, NodeReport report, CancellationToken ct)
    {
        await _platform.Database.WriteAsync((tx, token) => NodeStore.SetReportAsync(tx, nodeId, report, token), ct);
        await RefreshAsync(nodeId, ct);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "node {HostName} ({NodeId}) connected; full synchronization: {IsFull}")]
    private partial void LogConnected(string hostName, string nodeId, bool isFull);

    [LoggerMessage(Level = LogLevel.Information, Message = "node {HostName} ({NodeId}) disconnected")]
    private partial void LogDisconnected(string hostName, string nodeId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the link of node {NodeId} broke: {Reason}")]
    private partial void LogBroken(string nodeId, string reason);
}
