using System.Net.Sockets;
using System.Text;
using Appliance.Agent.Compute.Qemu;
using Appliance.Linux.Libc;

namespace Appliance.Agent.Tests.Compute;

/// <summary>A monitor whose other side behaves as no QEMU does: a guest may have taken it over. The real one is in <see cref="QemuFleetTests"/>.</summary>
public sealed class QmpConnectionTests : IDisposable
{
    private readonly Socket _near;
    private readonly Socket _far;

    public QmpConnectionTests()
    {
        var (near, far) = UnixSockets.CreatePair();
        (_near, _far) = (Own(near), Own(far));
    }

    public void Dispose()
    {
        _near.Dispose();
        _far.Dispose();
    }

    [Fact]
    public async Task Answers_reach_who_asked_and_events_the_handler_however_the_bytes_are_cut()
    {
        using var connection = await OpenAsync();
        var events = new List<string>();
        var reading = connection.RunAsync((name, data) => events.Add($"{name} {data}"), CancellationToken.None);
        var first = connection.ExecuteAsync("query-status", null, CancellationToken.None);
        var second = connection.ExecuteAsync("device_del", json => json.WriteString("id", "nic0"), CancellationToken.None);
        await ReceiveAsync("""{"execute":"device_del","id":2,"arguments":{"id":"nic0"}}""");

        var text = """{"return":{"status":"running"},"id":1}""" + "\r\n" + """{"event":"RESUME","data":{"a":1}}""" + "\n" + """{"id":2,"error":{"class":"X","desc":"no nic0"}}""" + "\n";
        foreach (var one in Encoding.UTF8.GetBytes(text))
            await _far.SendAsync(new[] { one });

        Assert.Equal("running", (await first).Result.GetProperty("status").GetString());
        Assert.Equal("no nic0", (await second).Error);
        Assert.Equal(["""RESUME {"a":1}"""], events);
        _far.Dispose();
        await reading;
    }

    [Fact]
    public async Task Who_waits_for_an_answer_learns_that_the_connection_ended()
    {
        using var connection = await OpenAsync();
        var reading = connection.RunAsync((_, _) => { }, CancellationToken.None);
        var waiting = connection.ExecuteAsync("query-status", null, CancellationToken.None);

        _far.Dispose();

        await Assert.ThrowsAsync<IOException>(() => waiting);
        await reading;
        await Assert.ThrowsAsync<IOException>(() => connection.ExecuteAsync("query-status", null, CancellationToken.None));
    }

    [Theory]
    [InlineData("not JSON\n")]
    [InlineData("[1,2]\n")]
    [InlineData("")]
    public async Task What_is_no_message_ends_the_connection(string text)
    {
        using var connection = await OpenAsync();
        var reading = connection.RunAsync((_, _) => { }, CancellationToken.None);

        if (text.Length > 0)
        {
            await SendAsync(text);
            await Assert.ThrowsAsync<IOException>(() => reading);
        }
        else
        {
            _far.Dispose();
            await reading;
        }
    }

    [Fact]
    public async Task A_line_without_end_ends_the_connection()
    {
        using var connection = await OpenAsync();
        var reading = connection.RunAsync((_, _) => { }, CancellationToken.None);
        var chunk = new byte[64 * 1024];
        Array.Fill(chunk, (byte)' ');

        // It stops reading after a megabyte; what the socket still takes is not counted.
        using var enough = new CancellationTokenSource();
        var sending = Task.Run(async () =>
        {
            while (true)
                await _far.SendAsync(chunk, enough.Token);
        });

        await Assert.ThrowsAsync<IOException>(() => reading.WaitAsync(TestFleet.Deadline));
        await enough.CancelAsync();
        await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [Fact]
    public async Task Answers_nobody_asked_for_are_ignored()
    {
        using var connection = await OpenAsync();
        var reading = connection.RunAsync((_, _) => { }, CancellationToken.None);

        await SendAsync("""{"return":{}}""" + "\n{}\n" + """{"return":{},"id":7}""" + "\n");
        var waiting = connection.ExecuteAsync("query-status", null, CancellationToken.None);
        await ReceiveAsync("query-status");
        await SendAsync("""{"return":{"status":"paused"},"id":1}""" + "\n");

        Assert.Equal("paused", (await waiting).Result.GetProperty("status").GetString());
        _far.Dispose();
        await reading;
    }

    private async Task<QmpConnection> OpenAsync()
    {
        var opening = QmpConnection.OpenAsync(_near, CancellationToken.None);
        await SendAsync("""{"QMP":{"version":{},"capabilities":[]}}""" + "\r\n");
        await ReceiveAsync("qmp_capabilities");
        await SendAsync("""{"return":{}}""" + "\r\n");
        return await opening;
    }

    private Task SendAsync(string text) => _far.SendAsync(Encoding.UTF8.GetBytes(text));

    private async Task ReceiveAsync(string expected)
    {
        var received = new StringBuilder();
        var buffer = new byte[1024];
        using var deadline = new CancellationTokenSource(TestFleet.Deadline);
        while (!received.ToString().Contains(expected))
            received.Append(Encoding.UTF8.GetString(buffer, 0, await _far.ReceiveAsync(buffer, deadline.Token)));
    }

    private static Socket Own(Fd fd)
    {
        var socket = new Socket(new SafeSocketHandle(fd.Number, ownsHandle: true));
        fd.SetHandleAsInvalid();
        return socket;
    }
}
