using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Appliance.Protocol;
using Appliance.Protocol.Link;

namespace Appliance.Agent.Link;

/// <summary>
/// One HTTP/1.1 request and its response, RFC 9112, as far as the controller's link endpoints use it: bodies have a length. By hand, because
/// the connection goes on as the link after the upgrade, and an HTTP client would cost the idle agent megabytes.
/// </summary>
internal static class HttpExchange
{
    private const int MaxHeadBytes = 16 * 1024;
    private const int MaxBodyBytes = 1024 * 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>Sends a request without body, or with a JSON one, and reads the answer's head and body.</summary>
    /// <exception cref="IOException">The connection ended, or the peer does not speak HTTP.</exception>
    public static async Task<HttpAnswer> SendAsync(Stream connection, string method, string path, byte[]? json, CancellationToken ct)
    {
        var head = $"{method} {path} HTTP/1.1\r\nHost: {LinkEndpoint.ServerName}\r\nConnection: close\r\n"
            + (json is null ? "\r\n" : $"Content-Type: application/json\r\nContent-Length: {json.Length}\r\n\r\n");
        return await ExchangeAsync(connection, head, json, ct);
    }

    /// <summary>Asks to go on as <see cref="LinkEndpoint.UpgradeProtocol"/>; after status 101 the stream is the peer's.</summary>
    /// <exception cref="IOException">The connection ended, or the peer does not speak HTTP.</exception>
    public static Task<HttpAnswer> UpgradeAsync(Stream connection, CancellationToken ct) => ExchangeAsync(
        connection,
        $"GET {LinkEndpoint.Path} HTTP/1.1\r\nHost: {LinkEndpoint.ServerName}\r\nConnection: Upgrade\r\nUpgrade: {LinkEndpoint.UpgradeProtocol}\r\n\r\n",
        null, ct);

    private static async Task<HttpAnswer> ExchangeAsync(Stream connection, string head, byte[]? body, CancellationToken ct)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(Timeout);
        try
        {
            byte[] request = [.. Encoding.ASCII.GetBytes(head), .. body ?? []];
            await connection.WriteAsync(request, deadline.Token);
            await connection.FlushAsync(deadline.Token);
            var lines = (await ReadHeadAsync(connection, deadline.Token)).Split("\r\n");
            var status = ParseStatus(lines[0]);
            var answer = new byte[status == 101 ? 0 : ParseLength(lines)];
            await connection.ReadExactlyAsync(answer, deadline.Token);
            return new HttpAnswer(status, answer);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new IOException($"the controller did not answer in {Timeout.TotalSeconds:0} s");
        }
    }

    // Byte by byte: what follows the head of a 101 belongs to the multiplexer. The TLS stream has the bytes in memory.
    private static async Task<string> ReadHeadAsync(Stream connection, CancellationToken ct)
    {
        var head = new List<byte>(512);
        var one = new byte[1];
        while (head.Count < MaxHeadBytes)
        {
            await connection.ReadExactlyAsync(one, ct);
            head.Add(one[0]);
            if (one[0] == '\n' && head.Count >= 4 && head[^2] == '\r' && head[^3] == '\n')
                return Encoding.ASCII.GetString([.. head]);
        }

        throw new IOException($"the controller's answer has a head of more than {MaxHeadBytes} bytes");
    }

    private static int ParseStatus(string line) =>
        line.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) && line.Length >= 12
            && int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            ? status
            : throw new IOException("the peer does not speak HTTP/1.1");

    private static int ParseLength(string[] lines)
    {
        foreach (var line in lines)
        {
            if (!line.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase))
                continue;
            if (int.TryParse(line.AsSpan(15).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length <= MaxBodyBytes)
                return length;
            throw new IOException($"the controller's answer is longer than {MaxBodyBytes} bytes");
        }

        return 0;
    }
}

/// <summary>Status and body of an answer.</summary>
internal sealed record HttpAnswer(int Status, byte[] Body)
{
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The body as <typeparamref name="T"/>; null when it is not one.</summary>
    public T? Read<T>(JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(Body, type);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Why the controller refused, in its own words when it gave some.</summary>
    public string Reason => Read(ProtocolJson.Default.EnrolRefusal)?.Error ?? $"the controller answered with status {Status}";
}
