using System.IO.Pipelines;
using Appliance.Protocol.Link;
using Nerdbank.Streams;

namespace Appliance.Agent.Tests.Link;

public sealed class ControlChannelTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_peer_that_says_nothing_counts_as_gone()
    {
        var (ours, _) = FullDuplexStream.CreatePair();
        var clock = new FastClock(200);
        var transport = new LinkStream(ours, clock);
        using var channel = new ControlChannel(transport.UsePipe(cancellationToken: Ct), transport, clock);
        var gone = await Assert.ThrowsAsync<TimeoutException>(() => channel.KeepAliveAsync(Ct));
        Assert.Contains("said nothing for 20 s", gone.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_peers_with_nothing_to_say_keep_each_other_alive()
    {
        var (left, right) = FullDuplexStream.CreatePair();
        var clock = new FastClock(20);
        var (leftStream, rightStream) = (new LinkStream(left, clock), new LinkStream(right, clock));
        using var leftChannel = new ControlChannel(leftStream.UsePipe(cancellationToken: Ct), leftStream, clock);
        using var rightChannel = new ControlChannel(rightStream.UsePipe(cancellationToken: Ct), rightStream, clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        Task[] running =
        [
            leftChannel.KeepAliveAsync(stop.Token), rightChannel.KeepAliveAsync(stop.Token),
            leftChannel.ReceiveAsync(stop.Token), rightChannel.ReceiveAsync(stop.Token),
        ];
        var started = clock.GetTimestamp();
        await Eventually.TrueAsync(() => clock.GetElapsedTime(started) > 3 * LinkTiming.DeadAfter, "three times the deadline");
        Assert.All(running, static task => Assert.False(task.IsCompleted));
        await stop.CancelAsync();
        await Task.WhenAll(running).ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task A_message_longer_than_any_buffer_on_the_way_arrives_whole()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 4096, resumeWriterThreshold: 2048, useSynchronizationContext: false));
        var message = new LinkMessage { Response = new ResponseMessage(1, null, new string('x', 3_000_000)) };
        var writing = LinkFraming.WriteAsync(pipe.Writer, message, Ct);
        var read = await LinkFraming.ReadAsync(pipe.Reader, Ct);
        await writing;
        Assert.Equal(3_000_000, read!.Response!.Error!.Length);
    }

    [Fact]
    public async Task An_answer_finds_who_asked_and_silence_is_a_timeout()
    {
        var (left, right) = FullDuplexStream.CreatePair();
        var (leftStream, rightStream) = (new LinkStream(left, TimeProvider.System), new LinkStream(right, TimeProvider.System));
        using var asking = new ControlChannel(leftStream.UsePipe(cancellationToken: Ct), leftStream, TimeProvider.System);
        using var answering = new ControlChannel(rightStream.UsePipe(cancellationToken: Ct), rightStream, TimeProvider.System);
        var listening = asking.ReceiveAsync(Ct);
        var nothing = System.Text.Json.JsonElement.Parse("{}");
        var first = asking.RequestAsync("first", nothing, TimeSpan.FromSeconds(10), Ct);
        var second = asking.RequestAsync("second", nothing, TimeSpan.FromSeconds(10), Ct);
        var requests = new[] { (await answering.ReceiveAsync(Ct))!.Request!, (await answering.ReceiveAsync(Ct))!.Request! };
        foreach (var request in requests.Reverse())
            await answering.SendAsync(new LinkMessage { Response = new ResponseMessage(request.Id, null, request.Method) }, Ct);
        Assert.Equal("first", (await first).Error);
        Assert.Equal("second", (await second).Error);
        await Assert.ThrowsAsync<TimeoutException>(() => asking.RequestAsync("third", nothing, TimeSpan.FromMilliseconds(50), Ct));
        await left.DisposeAsync();
        await right.DisposeAsync();
        await listening.ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    /// <summary>Time that passes so many times as fast.</summary>
    private sealed class FastClock(int factor) : TimeProvider
    {
        public override long GetTimestamp() => System.GetTimestamp() * factor;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, Scale(dueTime), Scale(period));

        private TimeSpan Scale(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / factor;
    }
}
