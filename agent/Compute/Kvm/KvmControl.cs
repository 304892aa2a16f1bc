using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Appliance.Agent.Compute.Processes;

namespace Appliance.Agent.Compute.Kvm;

/// <summary>A machine's control socket (docs/vmm-control.md), one connection a command: nothing to keep, and to find again, between agents.</summary>
internal static class KvmControl
{
    private const int Protocol = 1;

    // A greeting, or the answer to a command without a result.
    private const int MaxLineBytes = 4096;

    /// <summary>Carries a command out; false when the machine has ended, refuses it, or speaks another protocol.</summary>
    public static async Task<bool> TryExecuteAsync(string folder, string command, CancellationToken ct)
    {
        using var socket = await UnixClient.TryConnectAsync(folder, KvmFiles.ControlSocket, ct);
        if (socket is null)
            return false;
        try
        {
            var lines = new byte[MaxLineBytes];
            if (!IsGreeting(await ReadLineAsync(socket, lines, ct)))
                return false;
            await socket.SendAsync(Encoding.ASCII.GetBytes($"{{\"id\":1,\"command\":\"{command}\"}}\n"), SocketFlags.None, ct);
            return HasMember(await ReadLineAsync(socket, lines, ct), "result");
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Whether the machine greets, which it does once it runs, before its process ends.</summary>
    public static async Task<bool> IsThereAsync(string folder, CancellationToken ct)
    {
        using var socket = await UnixClient.TryConnectAsync(folder, KvmFiles.ControlSocket, ct);
        try
        {
            return socket is not null && IsGreeting(await ReadLineAsync(socket, new byte[MaxLineBytes], ct));
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static bool IsGreeting(ReadOnlyMemory<byte> line)
    {
        if (line.IsEmpty)
            return false;
        using var greeting = JsonDocument.Parse(line);
        return greeting.RootElement.TryGetProperty("protocol", out var protocol) && protocol.TryGetInt32(out var number) && number == Protocol;
    }

    private static bool HasMember(ReadOnlyMemory<byte> line, string name)
    {
        if (line.IsEmpty)
            return false;
        using var answer = JsonDocument.Parse(line);
        return answer.RootElement.TryGetProperty(name, out _);
    }

    // Each side waits for the other's line, so nothing follows it. Empty at the end of the stream.
    private static async Task<ReadOnlyMemory<byte>> ReadLineAsync(Socket socket, byte[] buffer, CancellationToken ct)
    {
        for (var length = 0; length < buffer.Length;)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(length), SocketFlags.None, ct);
            if (read == 0)
                break;
            length += read;
            if (buffer[length - 1] == '\n')
                return buffer.AsMemory(0, length);
        }

        return default;
    }
}
