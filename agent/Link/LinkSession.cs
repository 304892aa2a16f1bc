using System.Collections.Concurrent;
using System.Text.Json;
using Appliance.Agent.Logging;
using Appliance.Agent.Node;
using Appliance.Agent.Node.Documents;
using Appliance.Protocol;
using Appliance.Protocol.Link;
using Nerdbank.Streams;

namespace Appliance.Agent.Link;

/// <summary>What every connection works on: the node's documents, its statuses, its report, and what the controller may ask.</summary>
/// <param name="Report">Measures the node anew.</param>
internal sealed record LinkContext(
    string NodeId, DocumentStore Documents, StatusBoard Board, Func<NodeReport> Report, LinkHandlers Handlers, TimeProvider Clock, Log Log);

/// <summary>
/// One connection to the controller, from the upgraded stream to its end: applies desired documents (acknowledged once durable), sends
/// statuses, answers requests, carries byte channels. Any protocol error ends it; the next connection starts from what is durable.
/// </summary>
internal sealed class LinkSession : IAsyncDisposable
{
    // Statuses of one pass arrive within this time and leave as one message.
    private static readonly TimeSpan StatusGathering = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan WelcomeTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ChannelTimeout = TimeSpan.FromSeconds(20);
    // A controller has no use for more at a time; beyond it this side would only pile up tasks.
    private const int MaxConcurrentRequests = 32;

    private readonly LinkContext _context;
    private readonly MultiplexingStream _multiplexer;
    private readonly ControlChannel _control;
    private readonly ConcurrentDictionary<Task, bool> _work = new();
    private readonly SemaphoreSlim _requestSlots = new(MaxConcurrentRequests);
    private readonly CancellationTokenSource _ended = new();

    public LinkSession(Stream stream, LinkContext context)
    {
        _context = context;
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
    }

    /// <summary>Runs until the connection ends, which it always says with an exception; <paramref name="onWelcome"/> once the controller agreed.</summary>
    public async Task RunAsync(Action onWelcome, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct, _ended.Token);
        var report = _context.Report();
        await GreetAsync(report, stop.Token);
        onWelcome();
        Task[] loops =
        [
            ReceiveAsync(stop.Token), SendStatusesAsync(stop.Token), SendReportsAsync(report, stop.Token), _control.KeepAliveAsync(stop.Token),
        ];
        var first = await Task.WhenAny(loops);
        await stop.CancelAsync();
        await Task.WhenAll(loops).ContinueWith(static _ => { }, TaskScheduler.Default);
        await first;
        throw new IOException("the controller closed the link");
    }

    /// <summary>Opens an image's bytes from an offset; they end where the image ends or the connection does.</summary>
    /// <exception cref="IOException">The controller refused or is gone.</exception>
    public async Task<Stream> OpenImageAsync(string imageId, long offset, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct, _ended.Token);
        deadline.CancelAfter(ChannelTimeout);
        try
        {
            var channel = await _multiplexer.OfferChannelAsync(
                string.Create(CultureInfo.InvariantCulture, $"{LinkChannels.Image}{imageId}/{offset}"),
                new MultiplexingStream.ChannelOptions { ChannelReceivingWindowSize = LinkChannels.DataWindowBytes }, deadline.Token);
            await channel.Output.CompleteAsync();
            return channel.AsStream();
        }
        catch (Exception e) when (e is MultiplexingProtocolException or ObjectDisposedException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw new IOException($"image {imageId}: the controller did not offer its data", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _control.Dispose();
        await _multiplexer.DisposeAsync();
        await Task.WhenAll(_work.Keys).ContinueWith(static _ => { }, TaskScheduler.Default);
        _requestSlots.Dispose();
        _ended.Dispose();
    }

    private async Task GreetAsync(NodeReport report, CancellationToken ct)
    {
        await _control.SendAsync(new LinkMessage
        {
            Hello = new HelloMessage(
                LinkVersions.Current, _context.NodeId, _context.Documents.StoreId, _context.Documents.LastSequence, report),
        }, ct);
        var answer = await _control.ReceiveAsync(ct).WaitAsync(WelcomeTimeout, _context.Clock, ct);
        if (answer is null)
            throw new IOException("the controller closed the link instead of welcoming this node");
        if (answer.Welcome is null)
            throw new InvalidDataException("link: the first message is no welcome");
    }

    private async Task ReceiveAsync(CancellationToken ct)
    {
        while (await _control.ReceiveAsync(ct) is { } message)
        {
            if (message.Apply is { } apply)
                await ApplyAsync(apply, ct);
            else if (message.Request is { } request)
                await StartAsync(() => AnswerAsync(request, ct), ct);
        }
    }

    private async Task ApplyAsync(ApplyMessage apply, CancellationToken ct)
    {
        // On the pool, because a disk flush blocks; awaited here, because order matters.
        if (!await Task.Run(() => _context.Documents.Apply(apply), ct))
            throw new InvalidDataException($"link: documents from {apply.BaseSequence} on; here is {_context.Documents.LastSequence}");

        _context.Log.Debug($"documents to {apply.Sequence}: {apply.Documents.Count} put, {apply.Removed.Count} removed");
        await _control.SendAsync(new LinkMessage { Acknowledge = new AcknowledgeMessage(apply.Sequence) }, ct);
    }

    private async Task SendStatusesAsync(CancellationToken ct)
    {
        await _control.SendAsync(new LinkMessage { Status = _context.Board.TakeAll() }, ct);
        while (true)
        {
            await _context.Board.WaitAsync(ct);
            await Task.Delay(StatusGathering, _context.Clock, ct);
            if (_context.Board.TakeChanges() is { } changes)
                await _control.SendAsync(new LinkMessage { Status = changes }, ct);
        }
    }

    private async Task SendReportsAsync(NodeReport sent, CancellationToken ct)
    {
        while (true)
        {
            await Task.Delay(ReportInterval, _context.Clock, ct);
            var report = _context.Report();
            if (!JsonSerializer.SerializeToUtf8Bytes(report, ProtocolJson.Default.NodeReport).AsSpan()
                .SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(sent, ProtocolJson.Default.NodeReport)))
                await _control.SendAsync(new LinkMessage { Report = sent = report }, ct);
        }
    }

    private async Task AnswerAsync(RequestMessage request, CancellationToken ct)
    {
        ResponseMessage response;
        try
        {
            response = _context.Handlers.Requests.TryGetValue(request.Method, out var handler)
                ? new ResponseMessage(request.Id, await handler(request.Arguments, ct), null)
                : new ResponseMessage(request.Id, null, $"this agent does not know the request {request.Method}; upgrade it");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (e is not LinkRequestException)
                _context.Log.Warning($"request {request.Method} failed", e);
            response = new ResponseMessage(request.Id, null, e.Message);
        }

        await _control.SendAsync(new LinkMessage { Response = response }, ct);
    }

    private void OnChannelOffered(object? sender, MultiplexingStream.ChannelOfferEventArgs offer)
    {
        // An event, so it cannot be awaited: the work is tracked and awaited when the session ends.
        if (offer.IsAccepted)
            return;
        if (offer.Name.StartsWith(LinkChannels.Serial, StringComparison.Ordinal) && !_ended.IsCancellationRequested)
            Track(Task.Run(() => ServeSerialAsync(offer.QualifiedId.Id, offer.Name[LinkChannels.Serial.Length..])));
        else
            _multiplexer.RejectChannel(offer.QualifiedId.Id);
    }

    private async Task ServeSerialAsync(ulong channelId, string serverId)
    {
        try
        {
            var ct = _ended.Token;
            if (await OpenSerialAsync(serverId, ct) is { } port)
                await SerialRelay.RunAsync(_multiplexer.AcceptChannel(channelId), port, _context.Log, ct);
            else
                _multiplexer.RejectChannel(channelId);
        }
        catch (Exception e)
        {
            // The offer was withdrawn or the connection is over: either way nobody waits for this console any more.
            _context.Log.Debug($"serial console of {serverId}: {e.Message}");
        }
    }

    private async Task<Stream?> OpenSerialAsync(string serverId, CancellationToken ct)
    {
        try
        {
            return await _context.Handlers.OpenSerial(serverId, ct);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _context.Log.Warning($"serial console of {serverId} cannot be opened", e);
            return null;
        }
    }

    private async Task StartAsync(Func<Task> work, CancellationToken ct)
    {
        await _requestSlots.WaitAsync(ct);
        Track(Task.Run(async () =>
        {
            try
            {
                await work();
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
            {
                _context.Log.Debug($"an answer was not sent: {e.Message}");
            }
            finally
            {
                _requestSlots.Release();
            }
        }, CancellationToken.None));
    }

    private void Track(Task task)
    {
        _work.TryAdd(task, true);
        task.ContinueWith(static (done, work) => ((ConcurrentDictionary<Task, bool>)work!).TryRemove(done, out _),
            _work, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
