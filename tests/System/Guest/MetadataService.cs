using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Appliance.SystemTests.Guest;

/// <summary>A metadata service on loopback: a table of paths and documents, 404 for the rest. The guest reaches it at
/// 169.254.169.254 through <see cref="Network"/>.</summary>
internal sealed class MetadataService : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _relay;
    private readonly Task _loop;

    public MetadataService(GuestFolder folder, IReadOnlyDictionary<string, string> documents)
    {
        _listener.Start();
        _relay = Path.Combine(folder.Root, "relay");
        // QEMU starts this for each connection of the guest, with the connection as its input and output.
        File.WriteAllText(_relay, $"""
            #!/bin/bash
            exec 3<>/dev/tcp/127.0.0.1/{((IPEndPoint)_listener.LocalEndpoint).Port}
            exec 4<&0
            cat <&4 >&3 &
            cat <&3
            kill $!
            """);
        File.SetUnixFileMode(_relay, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _loop = ServeAsync(documents);
    }

    /// <summary>Paths asked for, in order.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>For <see cref="GuestMachineOptions.Network"/>: QEMU forwards only addresses inside the network it emulates.</summary>
    public string Network => $",net=169.254.169.0/24,dhcpstart=169.254.169.15,guestfwd=tcp:169.254.169.254:80-cmd:{_relay}";

    private async Task ServeAsync(IReadOnlyDictionary<string, string> documents)
    {
        try
        {
            while (true)
            {
                using var connection = await _listener.AcceptTcpClientAsync(_stop.Token);
                await AnswerAsync(connection.GetStream(), documents);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task AnswerAsync(NetworkStream stream, IReadOnlyDictionary<string, string> documents)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        string path = (await reader.ReadLineAsync(_stop.Token))?.Split(' ') is [_, var asked, ..] ? asked : "";
        while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 })
        {
        }
        Requests.Enqueue(path);
        string answer = documents.TryGetValue(path, out string? document)
            ? $"HTTP/1.1 200 OK\r\nContent-Length: {Encoding.UTF8.GetByteCount(document)}\r\nConnection: close\r\n\r\n{document}"
            : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(answer), _stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _listener.Dispose();
        _stop.Dispose();
    }
}
