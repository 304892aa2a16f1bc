using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Appliance.Controller.Link;
using Appliance.Protocol.Link;
using Microsoft.AspNetCore.Http.Features;

namespace Appliance.Controller.Compute.Servers.Consoles;

/// <summary>
/// The websocket behind a serial console's address (RFC 6455; what nova-serialproxy serves): bytes of the guest's serial port in binary messages,
/// in both directions. The token in the address is the permission.
/// </summary>
internal sealed partial class SerialConsoleEndpoint(ServerContext context, ILogger<SerialConsoleEndpoint> log)
{
    public const string Path = "/compute/serial";

    private const string HandshakeSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const string Binary = "binary";
    private const int BufferBytes = 16 * 1024;
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    public void Map(IEndpointRouteBuilder endpoints) => endpoints.MapGet(Path, RunAsync);

    private async Task RunAsync(HttpContext http)
    {
        var ct = http.RequestAborted;
        var upgrade = http.Features.Get<IHttpUpgradeFeature>();
        string? key = http.Request.Headers.SecWebSocketKey;
        if (upgrade is not { IsUpgradableRequest: true } || string.IsNullOrEmpty(key)
            || http.Request.Headers.SecWebSocketVersion != "13")
        {
            await RefuseAsync(http, StatusCodes.Status400BadRequest, "This address is for websocket clients.", ct);
            return;
        }

        if (await FindServerAsync(http.Request.Query["token"].ToString(), ct) is not { } server)
        {
            await RefuseAsync(http, StatusCodes.Status403Forbidden, "The console token is unknown or has expired.", ct);
            return;
        }

        try
        {
            await using var serial = await context.Hosts.Nodes.OpenChannelAsync(server.NodeId!, LinkChannels.Serial + server.Id, ct);
            using var socket = await AcceptAsync(http, upgrade, key);
            await RelayAsync(socket, serial, ct);
        }
        catch (NodeUnreachableException e)
        {
            LogUnreachable(server.Id, e.Message);
            await RefuseAsync(http, StatusCodes.Status503ServiceUnavailable, "The server's host does not answer, or the server has no serial port now.", ct);
        }
    }

    private Task<Server?> FindServerAsync(string token, CancellationToken ct) => context.Database.ReadAsync(async (tx, readToken) =>
        await ConsoleTokens.FindServerIdAsync(tx, token, context.Clock.GetUtcNow(), readToken) is { } id
            && await ServerStore.FindAsync(tx, id, readToken) is { NodeId: not null } server ? server : null, ct);

    private static async Task<WebSocket> AcceptAsync(HttpContext http, IHttpUpgradeFeature upgrade, string key)
    {
        var headers = http.Response.Headers;
        headers.Connection = "Upgrade";
        headers.Upgrade = "websocket";
#pragma warning disable CA5350 // RFC 6455 §4.2.2 asks for SHA-1; nothing is protected by it.
        headers.SecWebSocketAccept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + HandshakeSuffix)));
#pragma warning restore CA5350
        var offered = http.Request.Headers.SecWebSocketProtocol.ToString().Split(',', StringSplitOptions.TrimEntries);
        var protocol = offered.Contains(Binary) ? Binary : null;
        if (protocol is not null)
            headers.SecWebSocketProtocol = protocol;
        return WebSocket.CreateFromStream(await upgrade.UpgradeAsync(), isServer: true, protocol, KeepAlive);
    }

    // Whichever side ends first ends the console.
    private static async Task RelayAsync(WebSocket socket, Stream serial, CancellationToken ct)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task[] directions = [ToGuestAsync(socket, serial, stop.Token), FromGuestAsync(socket, serial, stop.Token)];
        await Task.WhenAny(directions);
        await stop.CancelAsync();
        try
        {
            await Task.WhenAll(directions);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or WebSocketException or ObjectDisposedException)
        {
            // One end is gone; there is nobody to tell.
        }
    }

    private static async Task ToGuestAsync(WebSocket socket, Stream serial, CancellationToken ct)
    {
        var buffer = new byte[BufferBytes];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), ct);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                // The client waits for its close to be answered (RFC 6455 §5.5.1).
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, ct);
                return;
            }

            await serial.WriteAsync(buffer.AsMemory(0, received.Count), ct);
            await serial.FlushAsync(ct);
        }
    }

    private static async Task FromGuestAsync(WebSocket socket, Stream serial, CancellationToken ct)
    {
        var buffer = new byte[BufferBytes];
        while (await serial.ReadAsync(buffer, ct) is > 0 and var length)
            await socket.SendAsync(buffer.AsMemory(0, length), WebSocketMessageType.Binary, endOfMessage: true, ct);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "the serial port was closed", ct);
    }

    private static async Task RefuseAsync(HttpContext http, int status, string text, CancellationToken ct)
    {
        if (http.Response.HasStarted)
            return;
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain";
        await http.Response.WriteAsync(text + "\n", ct);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "the serial console of server {ServerId} could not be opened: {Reason}")]
    private partial void LogUnreachable(string serverId, string reason);
}
