using System.Net;
using System.Net.Sockets;

namespace Appliance.Agent.Metadata.Http;

/// <summary>
/// Serves one guest's connection to its end: requests one after the other, each bounded in size and time. The server is looked up for each
/// request, so a change of its documents shows at once.
/// </summary>
internal sealed class HttpConnection(Socket socket, MetadataAnswers answers, Func<MetadataServer?> server, RequestGate gate, TimeProvider clock)
{
    /// <summary>A body is a password; one too long is refused by its own words, so a little more must be readable.</summary>
    private const int MaxBodyLength = 16 << 10;

    /// <summary>Nobody needs more; bounds how long a connection can live.</summary>
    private const int MaxRequests = 1000;

    private const int MaxUnreadLength = 256 << 10;

    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);

    private byte[] _buffer = new byte[1024];
    private int _length;

    public async Task ServeAsync(CancellationToken ct)
    {
        try
        {
            bool goesOn = true;
            for (int count = 0; goesOn && count < MaxRequests; count++)
                goesOn = await ServeOneAsync(ct);
            await EndAsync(ct);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The guest went away or was too slow: nothing to answer, nothing to tell.
        }
    }

    /// <returns>Whether another request may follow.</returns>
    private async Task<bool> ServeOneAsync(CancellationToken ct)
    {
        int headLength = await ReadHeadAsync(ct);
        if (headLength == 0)
            return false;
        if (headLength < 0)
            return await SendAsync(HttpReply.HeadTooLarge(), keepAlive: false, withBody: true, ct);
        if (HttpRequestHead.TryParse(_buffer.AsSpan(0, headLength)) is not { } request)
            return await SendAsync(HttpReply.BadRequest("This is not an HTTP request.", null), keepAlive: false, withBody: true, ct);
        Consume(headLength);

        await gate.PaceAsync(ct);
        if (request.HasTransferEncoding)
            return await SendAsync(HttpReply.LengthRequired(request.Accept), keepAlive: false, withBody: true, ct);
        if (request.ContentLength > MaxBodyLength)
            return await SendAsync(HttpReply.BadRequest("Request is too large.", request.Accept), keepAlive: false, withBody: true, ct);

        int bodyLength = request.ContentLength ?? 0;
        if (!await ReadBodyAsync(request, bodyLength, ct))
            return false;

        var requester = ((IPEndPoint)socket.RemoteEndPoint!).Address;
        var reply = answers.Answer(server(), requester, request, _buffer.AsSpan(0, bodyLength));
        Consume(bodyLength);
        return await SendAsync(reply, request.KeepAlive, request.Method != "HEAD", ct);
    }

    /// <returns>The length of the head; 0: the guest sends nothing more; -1: it is longer than allowed.</returns>
    private async Task<int> ReadHeadAsync(CancellationToken ct)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(_length == 0 ? IdleTimeout : ReadTimeout);
        while (true)
        {
            int end = HttpRequestHead.FindEnd(_buffer.AsSpan(0, _length));
            if (end >= 0)
                return end;
            if (_length == HttpRequestHead.MaxLength)
                return -1;

            bool isFirst = _length == 0;
            if (!await ReadMoreAsync(HttpRequestHead.MaxLength, timeout.Token))
                return 0;
            if (isFirst)
                timeout.CancelAfter(ReadTimeout);
        }
    }

    private async Task<bool> ReadBodyAsync(HttpRequestHead request, int bodyLength, CancellationToken ct)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(ReadTimeout);
        if (request.ExpectsContinue && _length < bodyLength)
            await SendAllAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), timeout.Token);
        while (_length < bodyLength)
        {
            if (!await ReadMoreAsync(bodyLength, timeout.Token))
                return false;
        }

        return true;
    }

    /// <summary>Reads what is there, up to <paramref name="limit"/> bytes in the buffer.</summary>
    private async Task<bool> ReadMoreAsync(int limit, CancellationToken ct)
    {
        if (_length == _buffer.Length)
            Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, limit));
        int room = Math.Min(_buffer.Length, limit) - _length;
        int read = await socket.ReceiveAsync(_buffer.AsMemory(_length, room), ct);
        _length += read;
        return read > 0;
    }

    /// <summary>Closing with unread bytes would reset the connection and could take the last answer with it: they are read, within bounds.</summary>
    private async Task EndAsync(CancellationToken ct)
    {
        socket.Shutdown(SocketShutdown.Send);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(EndTimeout);
        int read = -1;
        for (int total = 0; read != 0 && total < MaxUnreadLength; total += read)
            read = await socket.ReceiveAsync(_buffer, timeout.Token);
    }

    private void Consume(int length)
    {
        _buffer.AsSpan(length, _length - length).CopyTo(_buffer);
        _length -= length;
    }

    /// <returns><paramref name="keepAlive"/>.</returns>
    private async Task<bool> SendAsync(HttpReply reply, bool keepAlive, bool withBody, CancellationToken ct)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(WriteTimeout);
        byte[] head = reply.Head(clock.GetUtcNow(), keepAlive);
        await SendAllAsync(withBody ? [.. head, .. reply.Body] : head, timeout.Token);
        return keepAlive;
    }

    private async Task SendAllAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, ct)..];
    }
}
