using System.Buffers.Binary;
using System.IO.Pipelines;
using Appliance.Agent.Link;
using Appliance.Agent.Logging;
using Appliance.Agent.Node;
using Appliance.Agent.Node.Documents;
using Appliance.Agent.Tests.Node;
using Appliance.Protocol;
using Appliance.Protocol.Link;
using Nerdbank.Streams;

namespace Appliance.Agent.Tests.Link;

/// <summary>The agent's end against a controller played by hand, frame by frame.</summary>
public sealed class LinkSessionTests : IAsyncDisposable
{
    private static readonly NodeReport Report = new(
        "n1", "0.1.0", "6.1", "127.0.0.1", [], new CpuReport(1, 1, 1, 1, "x86_64", "v", "m", []), 1024, 512, 10, "ext4", false, []);

    private readonly string _folder = Directory.CreateTempSubdirectory("appliance-link-").FullName;
    private readonly DocumentStore _documents;
    private readonly StatusBoard _board;
    private readonly MultiplexingStream _controller;
    private readonly MultiplexingStream.Channel _control;
    private readonly LinkSession _session;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public LinkSessionTests()
    {
        _documents = DocumentStore.Open(Path.Combine(_folder, "documents"), Log.Silent);
        _board = new StatusBoard(_documents);
        var (theirs, ours) = FullDuplexStream.CreatePair();
        _session = new LinkSession(ours, new LinkContext(
            "n", _documents, _board, static () => Report, LinkHandlers.None, TimeProvider.System, Log.Silent));
        _controller = MultiplexingStream.Create(theirs, new MultiplexingStream.Options
        {
            ProtocolMajorVersion = 3,
            SeededChannels = { new MultiplexingStream.ChannelOptions() },
        });
        _control = _controller.AcceptChannel(LinkChannels.Control);
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(static _ => { }, TaskScheduler.Default);
        await _session.DisposeAsync();
        await _controller.DisposeAsync();
        _documents.Dispose();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task It_introduces_itself_with_where_its_documents_stand()
    {
        _documents.Apply(new ApplyMessage(0, 7, true, [], []));
        Start();
        var hello = (await ReceiveAsync()).Hello!;
        Assert.Equal(("n", _documents.StoreId, 7L), (hello.NodeId, hello.StoreId, hello.LastSequence));
    }

    [Fact]
    public async Task What_it_acknowledges_is_on_the_disk()
    {
        await WelcomeAsync();
        for (var sequence = 1L; sequence <= 20; sequence++)
        {
            await SendAsync(new LinkMessage
            {
                Apply = new ApplyMessage(sequence - 1, sequence, sequence == 1, [TestDocuments.AddressSet($"s{sequence}", sequence)], []),
            });
            Assert.Equal(sequence, (await ReceiveAsync()).Acknowledge!.Sequence);

            // The machine loses power at this moment: all that is left is a copy of the files.
            var copy = Directory.CreateDirectory(Path.Combine(_folder, $"copy{sequence}")).FullName;
            File.Copy(Path.Combine(_folder, "documents", "journal"), Path.Combine(copy, "journal"));
            using var after = DocumentStore.Open(copy, Log.Silent);
            Assert.Equal(sequence, after.LastSequence);
            Assert.Equal(sequence, after.Snapshot().AddressSets.Count);
        }
    }

    [Fact]
    public async Task Documents_that_build_on_something_else_end_the_connection_and_change_nothing()
    {
        await WelcomeAsync();
        await SendAsync(new LinkMessage { Apply = new ApplyMessage(3, 4, false, [TestDocuments.AddressSet("a", 4)], []) });
        await Assert.ThrowsAsync<InvalidDataException>(() => _running);
        Assert.Equal(0, _documents.LastSequence);
    }

    [Fact]
    public async Task Everything_it_has_is_reported_after_the_welcome_and_then_what_changes()
    {
        _documents.Apply(new ApplyMessage(0, 1, true, [TestDocuments.AddressSet("a", 1), TestDocuments.AddressSet("b", 1)], []));
        Set("a", "active");
        Set("b", "active");
        Start();
        Assert.NotNull((await ReceiveAsync()).Hello);
        await SendAsync(new LinkMessage { Welcome = new WelcomeMessage(1, false) });
        var all = (await ReceiveAsync()).Status!;
        Assert.True(all.Full);
        Assert.Equal(2, all.Statuses.Count);
        Set("b", "error");
        var change = (await ReceiveAsync()).Status!;
        Assert.Equal(("b", "error"), (Assert.Single(change.Statuses).Id, change.Statuses[0].State));
    }

    [Theory]
    [InlineData("oversize")]
    [InlineData("garbage")]
    [InlineData("no welcome")]
    public async Task A_controller_that_talks_nonsense_loses_this_node(string nonsense)
    {
        Start();
        Assert.NotNull((await ReceiveAsync()).Hello);
        var frame = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(frame, nonsense == "oversize" ? int.MaxValue : 4);
        if (nonsense == "no welcome")
            await SendAsync(new LinkMessage { Acknowledge = new AcknowledgeMessage(1) });
        else
            await _control.Output.WriteAsync(frame, Ct);
        await Assert.ThrowsAsync<InvalidDataException>(() => _running);
    }

    [Fact]
    public async Task A_channel_nobody_serves_is_refused()
    {
        await WelcomeAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _controller.OfferChannelAsync("shell/root", Ct));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _controller.OfferChannelAsync($"{LinkChannels.Serial}unknown", Ct));
    }

    [Fact]
    public async Task A_controller_that_refuses_an_image_is_an_error_of_input_and_output()
    {
        await WelcomeAsync();
        _controller.ChannelOffered += (_, offer) => _controller.RejectChannel(offer.QualifiedId.Id);
        await Assert.ThrowsAsync<IOException>(() => _session.OpenImageAsync("i", 0, Ct));
    }

    [Fact]
    public async Task An_image_can_be_slow_and_ends_where_the_connection_does()
    {
        await WelcomeAsync();
        PipeWriter? writer = null;
        _controller.ChannelOffered += (_, offer) => writer = _controller.AcceptChannel(offer.QualifiedId.Id).Output;
        await using var image = await _session.OpenImageAsync("i", 5, Ct);
        await Eventually.TrueAsync(() => writer is not null, "the channel");
        await writer!.WriteAsync(new byte[3], Ct);
        await image.ReadExactlyAsync(new byte[3], Ct);
        var next = image.ReadAsync(new byte[1], Ct).AsTask();
        await _controller.DisposeAsync();
        try
        {
            Assert.Equal(0, await next);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Also an end that nobody takes for the image's: its size is known.
        }
    }

    private void Start() => _running = _session.RunAsync(static () => { }, _stop.Token);

    private async Task WelcomeAsync()
    {
        Start();
        Assert.NotNull((await ReceiveAsync()).Hello);
        await SendAsync(new LinkMessage { Welcome = new WelcomeMessage(1, true) });
        Assert.True((await ReceiveAsync()).Status!.Full);
    }

    private void Set(string id, string state) => _board.Set(new ObjectStatus(DocumentKinds.AddressSet, id, 1, state, null, null));
    private Task SendAsync(LinkMessage message) => LinkFraming.WriteAsync(_control.Output, message, Ct);

    private async Task<LinkMessage> ReceiveAsync() =>
        await LinkFraming.ReadAsync(_control.Input, Ct).WaitAsync(TimeSpan.FromSeconds(10), Ct)
            ?? throw new IOException("the agent closed the link");
}
