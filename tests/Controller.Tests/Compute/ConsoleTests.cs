using System.Net.WebSockets;
using System.Text;
using Appliance.Controller.Compute.Servers.Consoles;

namespace Appliance.Controller.Tests.Compute;

public class ConsoleTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_log_is_given_whole_or_by_its_last_lines()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var id = await cloud.CreateServerAsync();
        await cloud.ServerInAsync(id, "ACTIVE");
        var whole = (string)(await cloud.ActAsync(id, """{"os-getConsoleOutput": {}}""", 200)).Json["output"]!;
        Assert.Equal(20, whole.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        var last = (string)(await cloud.ActAsync(id, """{"os-getConsoleOutput": {"length": "3"}}""", 200)).Json["output"]!;
        Assert.Equal($"line 19 of {id}\nline 20 of {id}\n", last);
        await cloud.ActAsync(id, """{"os-stop": null}""", 202);
        await cloud.ServerInAsync(id, "SHUTOFF");
        Assert.Equal(last, (string)(await cloud.ActAsync(id, """{"os-getConsoleOutput": {"length": 3}}""", 200)).Json["output"]!);
        await cloud.ActAsync(id, """{"os-getConsoleOutput": {"length": "x"}}""", 400);
    }

    [Fact]
    public async Task The_serial_console_carries_bytes_both_ways_for_who_has_its_token()
    {
        await using var cloud = await TestCloud.StartAsync();
        await using var node = await ScriptedNode.JoinAsync(cloud);
        var id = await cloud.CreateServerAsync();
        await cloud.ServerInAsync(id, "ACTIVE");
        var console = (await cloud.ActAsync(id, """{"os-getSerialConsole": {"type": "serial"}}""", 200)).Json["console"]!;
        Assert.Equal("serial", (string?)console["type"]);
        var url = new Uri((string)console["url"]!);
        Assert.Equal("ws", url.Scheme);

        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("binary");
        await socket.ConnectAsync(url, Ct);
        Assert.Equal("binary", socket.SubProtocol);
        Assert.Equal("login: ", await ReceiveAsync(socket));
        await socket.SendAsync("root"u8.ToArray(), WebSocketMessageType.Binary, true, Ct);
        Assert.Equal("you said root", await ReceiveAsync(socket));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Ct);

        using var stranger = new ClientWebSocket();
        await Assert.ThrowsAsync<WebSocketException>(() => stranger.ConnectAsync(new Uri($"ws://{url.Authority}/compute/serial?token=guess"), Ct));
        Assert.Equal(400, (await cloud.GetAsync("/compute/serial?token=x", token: "")).Status);
    }

    [Theory]
    [InlineData("a\nb\nc\n", 2L, "c\n")]
    [InlineData("a\nb\nc\n", 1L, "")]
    [InlineData("a\n\n", 2L, "\n")]
    [InlineData("a\nb\nc", 2L, "b\nc")]
    [InlineData("a\nb\n", 10L, "a\nb\n")]
    [InlineData("a\r\nb\n", null, "a\nb\n")]
    [InlineData("a\n", 0L, "")]
    [InlineData("", 3L, "")]
    public void Last_lines_are_counted_as_Nova_counts_them(string log, long? count, string expected) =>
        Assert.Equal(expected, ConsoleText.LastLines(log, count));

    private static async Task<string> ReceiveAsync(ClientWebSocket socket)
    {
        var buffer = new byte[1024];
        var received = await socket.ReceiveAsync(buffer, Ct);
        return Encoding.UTF8.GetString(buffer, 0, received.Count);
    }
}
