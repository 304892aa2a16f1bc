using System.Buffers.Binary;
using Appliance.Agent.Link;
using Appliance.Protocol;
using Appliance.Protocol.Link;
using Nerdbank.Streams;

namespace Appliance.Controller.Tests.Link;

/// <summary>Both real ends over a stream in memory, so that it can break at any point.</summary>
public sealed class BrokenLinkTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cut_off_after_any_write_of_the_controller_the_node_ends_with_the_same_documents()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await TestNode.JoinAsync(cloud, connect: false);
        for (var writes = 0; writes < 25; writes++)
        {
            // Each round: something new, something changed, something removed; then a connection that ends after so many writes.
            await cloud.PutSetAsync(node.Id, $"s{writes}", $"10.0.0.{writes}");
            await cloud.PutSetAsync(node.Id, "changing", $"10.0.1.{writes}");
            await cloud.RemoveSetAsync(node.Id, $"s{writes - 2}");
            await ConnectAsync(cloud, node, writes, until: () => false);
            Assert.All(node.Sets(), set => Assert.True(set.Generation > 0));
        }

        await ConnectAsync(cloud, node, int.MaxValue, async () =>
            node.Sets().SequenceEqual(await cloud.DesiredSetsAsync(node.Id)) && !await cloud.SetExistsAsync(node.Id, "s22"));
        Assert.Equal(await cloud.DesiredSetsAsync(node.Id), node.Sets());
    }

    public static TheoryData<string> Garbage => new("oversize", "negative", "no json", "null", "cut", "wrong type", "not first a hello", "foreign hello");

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task A_node_that_sends_garbage_loses_its_link_and_nobody_else_does(string garbage)
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var good = await TestNode.JoinAsync(cloud, "good");
        await using var bad = await TestNode.JoinAsync(cloud, "bad", connect: false);
        var (ours, theirs) = FullDuplexStream.CreatePair();
        var serving = cloud.Host.Services.Link.RunAsync(bad.Id, theirs, Ct);
        await using var multiplexer = MultiplexingStream.Create(ours, new MultiplexingStream.Options
        {
            ProtocolMajorVersion = 3,
            SeededChannels = { new MultiplexingStream.ChannelOptions() },
        });
        var control = multiplexer.AcceptChannel(0);
        await control.Output.WriteAsync(Frame(garbage, bad.Id), Ct);
        if (garbage == "cut")
            await control.Output.CompleteAsync();
        await serving.WaitAsync(Eventually.Deadline, Ct);
        Assert.False(cloud.Host.Services.Link.IsConnected(bad.Id));

        await cloud.PutSetAsync(good.Id, "a", "10.0.0.1");
        await Eventually.TrueAsync(() => good.Sets().Count == 1, "the other node goes on");
    }

    [Fact]
    public async Task A_node_can_say_nothing_about_what_it_was_not_given()
    {
        await using var cloud = await TestCloud.StartAsync();
        var sink = new RecordingSink();
        cloud.Host.Services.Link.Add(sink);
        await using var other = await TestNode.JoinAsync(cloud, "other", connect: false);
        await using var node = await TestNode.JoinAsync(cloud, connect: false);
        await cloud.PutSetAsync(other.Id, "others", "10.0.0.1");
        var generation = await cloud.PutSetAsync(node.Id, "own", "10.0.0.1");
        var (ours, theirs) = FullDuplexStream.CreatePair();
        var serving = cloud.Host.Services.Link.RunAsync(node.Id, theirs, Ct);
        await using (var multiplexer = MultiplexingStream.Create(ours, new MultiplexingStream.Options
        {
            ProtocolMajorVersion = 3,
            SeededChannels = { new MultiplexingStream.ChannelOptions() },
        }))
        {
            var control = multiplexer.AcceptChannel(0);
            await LinkFraming.WriteAsync(control.Output, Hello(node.Id), Ct);
            ObjectStatus Status(string id, long at) => new(DocumentKinds.AddressSet, id, at, "active", null, null);
            RemovedDocument Gone(string id, long at) => new(DocumentKinds.AddressSet, id, at);
            await LinkFraming.WriteAsync(control.Output, new LinkMessage
            {
                Status = new StatusMessage(
                    true, [Status("others", 1), Status("own", generation + 1), Status("invented", 1)],
                    [Gone("others", 1), Gone("own", generation)]),
            }, Ct);
            await LinkFraming.WriteAsync(control.Output, new LinkMessage { Status = new StatusMessage(false, [Status("own", generation)], []) }, Ct);
            await Eventually.TrueAsync(() => sink.Find("own")?.Generation == generation, "the true status");
        }

        await serving.WaitAsync(Eventually.Deadline, Ct);
        Assert.Null(sink.Find("others"));
        Assert.Null(sink.Find("invented"));
        Assert.True(await cloud.SetExistsAsync(other.Id, "others") && await cloud.SetExistsAsync(node.Id, "own"));
    }

    private static Task ConnectAsync(TestCloud cloud, TestNode node, int writes, Func<bool> until) =>
        ConnectAsync(cloud, node, writes, () => Task.FromResult(until()));

    /// <summary>Runs a connection until it breaks after so many writes of the controller, or the condition holds.</summary>
    private static async Task ConnectAsync(TestCloud cloud, TestNode node, int writes, Func<Task<bool>> until)
    {
        var (ours, theirs) = FullDuplexStream.CreatePair();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var serving = cloud.Host.Services.Link.RunAsync(node.Id, new BreakingStream(theirs, writes), stop.Token);
        await using (var session = new LinkSession(ours, node.Context))
        {
            var running = session.RunAsync(static () => { }, stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
            // A connection without anything left to say does not break by itself.
            var idle = Task.Delay(TimeSpan.FromMilliseconds(300), Ct);
            while (!running.IsCompleted && !(writes < int.MaxValue ? idle.IsCompleted : await until()))
                await Task.Delay(5, Ct);
            await stop.CancelAsync();
            await running;
        }

        await serving.WaitAsync(Eventually.Deadline, Ct);
    }

    private static LinkMessage Hello(string nodeId) =>
        new() { Hello = new HelloMessage(LinkVersions.Current, nodeId, "store", 0, TestNode.Report) };

    private static byte[] Frame(string garbage, string nodeId) => garbage switch
    {
        "oversize" => Header(LinkFraming.MaxMessageBytes + 1),
        "negative" => Header(-1),
        "no json" => [.. Header(4), .. "!!!!"u8],
        "null" => [.. Header(4), .. "null"u8],
        "cut" => [.. Header(1000), .. "{"u8],
        "wrong type" => [.. Header(13), .. "{\"hello\": 17}"u8],
        "not first a hello" => [.. Header(33), .. "{\"acknowledge\": {\"sequence\": 17}}"u8],
        "foreign hello" => FrameOf(Hello(nodeId + "0")),
        _ => throw new ArgumentOutOfRangeException(nameof(garbage)),
    };

    private static byte[] FrameOf(LinkMessage message)
    {
        var body = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(message, ProtocolJson.Default.LinkMessage);
        return [.. Header(body.Length), .. body];
    }

    private static byte[] Header(int length)
    {
        var header = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(header, length);
        return header;
    }

    /// <summary>Lets so many writes through and then fails both ways, as a connection does that was cut.</summary>
    private sealed class BreakingStream(Stream inner, int writes) : Stream
    {
        private int _left = writes;

        public override bool CanRead => true;
        public override bool CanWrite => true;
        public override bool CanSeek => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Interlocked.Decrement(ref _left) < 0)
            {
                await inner.DisposeAsync();
                throw new IOException("the cable was pulled");
            }

            await inner.WriteAsync(buffer, cancellationToken);
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            inner.ReadAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);
        public override void Flush() => inner.Flush();
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
