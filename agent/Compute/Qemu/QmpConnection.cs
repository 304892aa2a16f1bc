using System.Buffers;
using System.Net.Sockets;
using System.Text.Json;

namespace Appliance.Agent.Compute.Qemu;

/// <summary>
/// One connection to a QEMU's monitor, QEMU docs/interop/qmp-spec.txt: JSON objects, one a line: answers, which carry the number of
/// their command, and events. What comes from the other side is not trusted: behind it is a process that a guest may have taken over.
/// </summary>
internal sealed class QmpConnection : IDisposable
{
    /// <summary>A longer line ends the connection; the answers used here have a few hundred bytes.</summary>
    private const int MaxLineBytes = 1 << 20;

    private const int FirstBufferBytes = 2048;

    private readonly Socket _socket;
    private readonly SemaphoreSlim _sending = new(1);
    private readonly Lock _lock = new();
    private readonly Dictionary<long, TaskCompletionSource<QmpReply>> _waiting = [];
    private long _lastId;
    private byte[] _buffer = new byte[FirstBufferBytes];
    private int _start;
    private int _end;
    private bool _isClosed;

    private QmpConnection(Socket socket) => _socket = socket;

    /// <summary>Speaks first, as the protocol asks: reads the greeting and leaves negotiation mode.</summary>
    /// <exception cref="IOException">The other side is not a monitor, or went away.</exception>
    public static async Task<QmpConnection> OpenAsync(Socket socket, CancellationToken ct)
    {
        var connection = new QmpConnection(socket);
        using (await connection.ReadLineAsync(ct) ?? throw new IOException("QMP: closed before the greeting"))
            await connection.SendAsync("qmp_capabilities", null, 0, ct);
        using var answer = await connection.ReadLineAsync(ct) ?? throw new IOException("QMP: closed during negotiation");
        return answer.RootElement.TryGetProperty("return", out _) ? connection : throw new IOException("QMP: negotiation refused");
    }

    /// <summary>Reads until the connection ends: answers go to who waits for them, events to <paramref name="handle"/>.</summary>
    public async Task RunAsync(Action<string, JsonElement> handle, CancellationToken ct)
    {
        try
        {
            while (await ReadLineAsync(ct) is { } message)
            {
                using (message)
                    Dispatch(message.RootElement, handle);
            }
        }
        finally
        {
            Close();
        }
    }

    /// <summary>Executes a command. Only while <see cref="RunAsync"/> runs.</summary>
    /// <param name="writeArguments">Writes the members of the arguments object; null: none.</param>
    /// <exception cref="IOException">The connection ended before the answer.</exception>
    public async Task<QmpReply> ExecuteAsync(string command, Action<Utf8JsonWriter>? writeArguments, CancellationToken ct)
    {
        var reply = new TaskCompletionSource<QmpReply>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _sending.WaitAsync(ct);
        try
        {
            lock (_lock)
            {
                if (_isClosed)
                    throw new IOException("QMP: the connection has ended");
                _waiting[++_lastId] = reply;
            }

            await SendAsync(command, writeArguments, _lastId, ct);
        }
        finally
        {
            _sending.Release();
        }

        return await reply.Task.WaitAsync(ct);
    }

    public void Dispose()
    {
        Close();
        _socket.Dispose();
    }

    private void Dispatch(JsonElement message, Action<string, JsonElement> handle)
    {
        if (message.TryGetProperty("event", out var name))
        {
            handle(name.GetString() ?? "", message.TryGetProperty("data", out var data) ? data : default);
            return;
        }

        if (!message.TryGetProperty("id", out var id) || id.ValueKind != JsonValueKind.Number || !id.TryGetInt64(out var number))
            return;

        TaskCompletionSource<QmpReply>? waiting;
        lock (_lock)
            _waiting.Remove(number, out waiting);
        if (message.TryGetProperty("return", out var result))
            waiting?.TrySetResult(new QmpReply(result.Clone(), null));
        else if (message.TryGetProperty("error", out var error))
            waiting?.TrySetResult(new QmpReply(default, error.TryGetProperty("desc", out var text) ? text.GetString() : "unknown error"));
    }

    private async Task SendAsync(string command, Action<Utf8JsonWriter>? writeArguments, long id, CancellationToken ct)
    {
        var line = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteString("execute", command);
            json.WriteNumber("id", id);
            if (writeArguments is not null)
            {
                json.WriteStartObject("arguments");
                writeArguments(json);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        line.Write("\n"u8);
        try
        {
            for (var rest = line.WrittenMemory; !rest.IsEmpty;)
                rest = rest[await _socket.SendAsync(rest, SocketFlags.None, ct)..];
        }
        catch (SocketException e)
        {
            throw new IOException("QMP: send", e);
        }
    }

    /// <summary>The next message; null at the end.</summary>
    private async Task<JsonDocument?> ReadLineAsync(CancellationToken ct)
    {
        while (true)
        {
            var length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                // Copied, because the document is used while the buffer takes the next bytes.
                var line = _buffer.AsMemory(_start, length).ToArray();
                _start += length + 1;
                return Parse(line);
            }

            MakeRoom();
            int read;
            try
            {
                read = await _socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, ct);
            }
            catch (SocketException)
            {
                return null;
            }

            if (read == 0)
                return null;
            _end += read;
        }
    }

    private void MakeRoom()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_end < _buffer.Length)
            return;
        if (_end >= MaxLineBytes)
            throw new IOException($"QMP: a line longer than {MaxLineBytes} bytes");
        Array.Resize(ref _buffer, _buffer.Length * 2);
    }

    private static JsonDocument Parse(byte[] line)
    {
        try
        {
            var message = JsonDocument.Parse(line);
            if (message.RootElement.ValueKind == JsonValueKind.Object)
                return message;
            message.Dispose();
        }
        catch (JsonException e)
        {
            throw new IOException("QMP: not JSON", e);
        }

        throw new IOException("QMP: not an object");
    }

    private void Close()
    {
        TaskCompletionSource<QmpReply>[] waiting;
        lock (_lock)
        {
            _isClosed = true;
            waiting = [.. _waiting.Values];
            _waiting.Clear();
        }

        foreach (var one in waiting)
            one.TrySetException(new IOException("QMP: the connection ended before the answer"));
    }
}

/// <summary>The answer to a command.</summary>
/// <param name="Result">What it returned; undefined when it failed.</param>
/// <param name="Error">Why it failed; null when it did not.</param>
internal sealed record QmpReply(JsonElement Result, string? Error);
