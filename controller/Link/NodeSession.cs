using System.Collections.Concurrent;
using System.Text.Json;
using Appliance.Controller.Data;
using Appliance.Protocol.Link;
using Nerdbank.Streams;

namespace Appliance.Controller.Link;

/// <summary>What every session needs of the controller.</summary>
internal sealed record SessionContext(
    Database Database, IReadOnlyList<IStatusSink> Sinks, IImageContent? Images, TimeProvider Clock, ILogger Log);

/// <summary>
/// One node's connection, from the upgraded stream to its end: greets, pushes documents, takes statuses and reports, carries requests and byte
/// channels. A protocol error of the node ends its connection and nothing else.
/// </summary>
internal sealed class NodeSession : IAsyncDisposable
{
    private static readonly TimeSpan HelloTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ChannelTimeout = TimeSpan.FromSeconds(10);
    // An agent fetches two images at a time; beyond this the peer is broken or hostile.
    private const int MaxOfferedChannels = 16;

    private readonly SessionContext _context;
    private readonly MultiplexingStream _multiplexer;
    private readonly ControlChannel _control;
    private readonly StatusInbox _inbox;
    private readonly DocumentPusher _pusher;
    private readonly ImageChannels _images;
    private readonly ConcurrentDictionary<Task, bool> _channels = new();
    private readonly CancellationTokenSource _ended = new();

    public NodeSession(string nodeId, Stream stream, SessionContext context)
    {
        NodeId = nodeId;
        _context = context;
        _images = new ImageChannels(context.Database, nodeId, context.Images, context.Log);
        var transport = new LinkStream(stream, context.Clock);
        _multiplexer = MultiplexingStream.Create(transport, new MultiplexingStream.Options
        {
            ProtocolMajorVersion = 3,
            StartSuspended = true,
            SeededChannels = { new MultiplexingStream.ChannelOptions { ChannelReceivingWindowSize = LinkChannels.ControlWindowBytes } },
        });
        _multiplexer.ChannelOffered += OnChannelOffered;
        _multiplexer.StartListening();
        _control = new ControlChannel(_multiplexer.AcceptChannel(LinkChannels.Control), transport, context.Clock);
        _inbox = new StatusInbox(context.Database, nodeId, context.Sinks, context.Clock, context.Log);
        _pusher = new DocumentPusher(context.Database, nodeId, _control, context.Clock);
    }

    public string NodeId { get; }

    /// <summary>The node's documents have changed.</summary>
    public void Wake() => _pusher.Wake();

    /// <summary>The node's first message.</summary>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    public async Task<HelloMessage> ReadHelloAsync(CancellationToken ct)
    {
        var message = await _control.ReceiveAsync(ct).WaitAsync(HelloTimeout, _context.Clock, ct);
        return message?.Hello is { } hello && hello.NodeId == NodeId
            ? hello
            : throw new InvalidDataException("link: the first message is no hello of this node");
    }

    /// <summary>Welcomes the node and runs until the connection ends, normally because the node or <see cref="Close"/> closed it.</summary>
    public async Task RunAsync(bool isFull, long sequence, Func<NodeReport, CancellationToken, Task> onReport, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct, _ended.Token);
        await _control.SendAsync(new LinkMessage { Welcome = new WelcomeMessage(LinkVersions.Current, isFull) }, stop.Token);
        Task[] loops =
        [
            ReceiveAsync(onReport, stop.Token), _pusher.RunAsync(isFull, sequence, stop.Token), _inbox.RunAsync(stop.Token),
            _control.KeepAliveAsync(stop.Token),
        ];
        var first = await Task.WhenAny(loops);
        await stop.CancelAsync();
        await Task.WhenAll(loops).ContinueWith(static _ => { }, TaskScheduler.Default);
        if (!_ended.IsCancellationRequested)
            await first;
    }

    /// <exception cref="NodeUnreachableException">No answer in time, or the connection ended.</exception>
    public async Task<ResponseMessage> RequestAsync(string method, JsonElement arguments, CancellationToken ct)
    {
        try
        {
            return await _control.RequestAsync(method, arguments, RequestTimeout, ct);
        }
        catch (Exception e) when (e is TimeoutException or IOException or InvalidOperationException)
        {
            throw new NodeUnreachableException($"node {NodeId} did not answer {method}", e);
        }
    }

    /// <exception cref="NodeUnreachableException">The node refused, or the connection ended.</exception>
    public async Task<Stream> OpenChannelAsync(string name, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct, _ended.Token);
        deadline.CancelAfter(ChannelTimeout);
        try
        {
            var options = new MultiplexingStream.ChannelOptions { ChannelReceivingWindowSize = LinkChannels.DataWindowBytes };
            return (await _multiplexer.OfferChannelAsync(name, options, deadline.Token)).AsStream();
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            throw new NodeUnreachableException($"node {NodeId} did not open {name}", e);
        }
    }

    /// <summary>Ends the connection; <see cref="RunAsync"/> returns soon after.</summary>
    public void Close() => _ended.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _control.Dispose();
        await _multiplexer.DisposeAsync();
        await Task.WhenAll(_channels.Keys);
        _inbox.Dispose();
    }

    private async Task ReceiveAsync(Func<NodeReport, CancellationToken, Task> onReport, CancellationToken ct)
    {
        while (await _control.ReceiveAsync(ct) is { } message)
        {
            if (message.Acknowledge is { } acknowledge)
                _pusher.OnAcknowledged(acknowledge.Sequence);
            else if (message.Status is { } status)
                _inbox.Add(status);
            else if (message.Report is { } report)
                await onReport(report, ct);
            else if (message.Request is { } request)
                await _control.SendAsync(
                    new LinkMessage { Response = new ResponseMessage(request.Id, null, $"the controller does not know {request.Method}") }, ct);
        }
    }

    private void OnChannelOffered(object? sender, MultiplexingStream.ChannelOfferEventArgs offer)
    {
        // An event, so it cannot be awaited: the work is tracked and awaited when the session ends.
        if (offer.IsAccepted)
            return;
        if (!offer.Name.StartsWith(LinkChannels.Image, StringComparison.Ordinal) || _channels.Count >= MaxOfferedChannels || _ended.IsCancellationRequested)
        {
            _multiplexer.RejectChannel(offer.QualifiedId.Id);
            return;
        }

        var serving = Task.Run(() => _images.ServeAsync(_multiplexer, offer.QualifiedId.Id, offer.Name, _ended.Token));
        _channels.TryAdd(serving, true);
        serving.ContinueWith(static (done, channels) => ((ConcurrentDictionary<Task, bool>)channels!).TryRemove(done, out _),
            _channels, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
