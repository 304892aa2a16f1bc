using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Appliance.SystemTests.Guest;

/// <summary>QEMU's control socket: one command at a time, events passed over.</summary>
internal sealed class QmpClient : IDisposable
{
    private readonly Socket _socket;
    private readonly StreamReader _reader;
    private readonly NetworkStream _stream;

    private QmpClient(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new StreamReader(_stream);
    }

    public static async Task<QmpClient> ConnectAsync(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), TestContext.Current.CancellationToken);
        var client = new QmpClient(socket);
        await client._reader.ReadLineAsync(TestContext.Current.CancellationToken);      // the greeting
        await client.ExecuteAsync("qmp_capabilities");
        return client;
    }

    public async Task ExecuteAsync(string command, JsonObject? arguments = null)
    {
        var request = new JsonObject { ["execute"] = command };
        if (arguments is not null)
            request["arguments"] = arguments;
        await _stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(request.ToJsonString()), TestContext.Current.CancellationToken);
        while (await _reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            using var answer = JsonDocument.Parse(line);
            if (answer.RootElement.TryGetProperty("return", out _))
                return;
            Assert.False(answer.RootElement.TryGetProperty("error", out _), $"{command}: {line}");
        }
        Assert.Fail($"{command}: QEMU closed its control socket");
    }

    public void Dispose()
    {
        _reader.Dispose();
        _stream.Dispose();
        _socket.Dispose();
    }
}
