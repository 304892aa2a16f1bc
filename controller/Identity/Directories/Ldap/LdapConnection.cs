using System.Formats.Asn1;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Appliance.Controller.Identity.Directories.Ldap;

/// <summary>
/// A connection to a directory, used by one caller at a time. Every call ends with its token; after a failure or a cancelled call the
/// connection is broken and must be disposed. RFC 4511.
/// </summary>
internal sealed class LdapConnection : IDisposable
{
    // An entry of a person is some kilobytes, a group with all its members some megabytes. Without a bound a directory could fill the memory.
    private const int MaxMessageBytes = 32 * 1024 * 1024;

    private readonly Socket _socket;
    private Stream _stream;
    private int _lastId;

    private LdapConnection(Socket socket) => (_socket, _stream) = (socket, new NetworkStream(socket, ownsSocket: true));

    /// <summary>A call failed half-way: nobody knows what comes next over the connection.</summary>
    public bool IsBroken { get; private set; }

    /// <exception cref="LdapException">Nobody there, or TLS failed.</exception>
    public static async Task<LdapConnection> ConnectAsync(LdapEndpoint endpoint, LdapTls tls, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        LdapConnection? connection = null;
        try
        {
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, ct);
            connection = new LdapConnection(socket);
            if (tls.IsStarted)
                await connection.StartTlsAsync(ct);
            if (tls.IsStarted || endpoint.IsTls)
                await connection.EncryptAsync(tls.OptionsFor(endpoint.Host), ct);
            connection._stream = new BufferedStream(connection._stream, 16 * 1024);
            return connection;
        }
        catch (Exception e)
        {
            connection?._stream.Dispose();
            socket.Dispose();
            if (e is SocketException or IOException or AuthenticationException)
                throw new LdapException($"cannot connect to {endpoint}: {e.Message}", isConnectionLost: true, e);
            throw;
        }
    }

    /// <summary>Whether name and password fit is for the caller to read from the result.</summary>
    /// <param name="password">Not empty with a name: servers answer that with success and mean "nobody" (RFC 4513 §5.1.2).</param>
    public async Task<LdapResult> BindAsync(string dn, string password, CancellationToken ct)
    {
        if (dn.Length > 0 && password.Length == 0)
            throw new ArgumentException("a name without a password proves nothing", nameof(password));
        var id = ++_lastId;
        var answer = await AskAsync(LdapCodec.Bind(id, dn, password), id, LdapCodec.BindResponse, ct);
        return Decode(answer, LdapCodec.ReadResult);
    }

    /// <summary>All entries, page after page, up to the search's limit. A base that does not exist has none.</summary>
    /// <param name="timeout">After which the server should give up.</param>
    public async Task<List<LdapEntry>> SearchAsync(LdapSearch search, TimeSpan timeout, CancellationToken ct)
    {
        var entries = new List<LdapEntry>();
        byte[] cookie = [];
        do
        {
            var id = ++_lastId;
            await SendAsync(LdapCodec.Search(id, search, (int)Math.Ceiling(timeout.TotalSeconds), cookie), ct);
            cookie = await ReceivePageAsync(id, search, entries, ct);
        }
        while (cookie.Length > 0 && (search.SizeLimit == 0 || entries.Count < search.SizeLimit));

        return entries;
    }

    public void Dispose()
    {
        if (!IsBroken)
        {
            try
            {
                _socket.SendTimeout = 100;
                _stream.Write(LdapCodec.Unbind(++_lastId));
                _stream.Flush();
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
            {
                // Saying goodbye is a courtesy.
            }
        }

        _stream.Dispose();
    }

    private async Task StartTlsAsync(CancellationToken ct)
    {
        var id = ++_lastId;
        var answer = await AskAsync(LdapCodec.StartTls(id), id, LdapCodec.ExtendedResponse, ct);
        if (Decode(answer, LdapCodec.ReadResult) is { Code: not LdapResultCode.Success } refused)
            throw new LdapException($"the directory refuses StartTLS: {(int)refused.Code} {refused.Text}");
    }

    // Nothing was read ahead of the handshake: what somebody slipped in before it cannot be taken for the server's.
    private async Task EncryptAsync(SslClientAuthenticationOptions options, CancellationToken ct)
    {
        var secured = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = secured;
        await secured.AuthenticateAsClientAsync(options, ct);
    }

    private async Task<byte[]> ReceivePageAsync(int id, LdapSearch search, List<LdapEntry> entries, CancellationToken ct)
    {
        while (true)
        {
            var message = await ReceiveAsync(id, ct);
            switch (message.Operation)
            {
                case LdapCodec.SearchEntry:
                    entries.Add(Decode(message, LdapCodec.ReadEntry));
                    break;
                case LdapCodec.SearchReference:
                    // Entries elsewhere: another server's word counts only where it is configured.
                    break;
                case LdapCodec.SearchDone:
                    return Decode(message, LdapCodec.ReadResult) switch
                    {
                        { Code: LdapResultCode.Success } => message.Cookie,
                        { Code: LdapResultCode.NoSuchObject } => [],
                        { Code: LdapResultCode.SizeLimitExceeded } when search.SizeLimit > 0 && entries.Count >= search.SizeLimit => [],
                        { Code: LdapResultCode.SizeLimitExceeded } => throw new LdapException("the directory gives no more entries: set page_size")
                        {
                            Public = "Number of User/Group entities returned by LDAP exceeded size limit. Contact your LDAP administrator.",
                        },
                        var refused => throw new LdapException($"a search below {search.BaseDn} ended with {(int)refused.Code}: {refused.Text}"),
                    };
                default:
                    throw Break($"an answer of kind {message.Operation} to a search");
            }
        }
    }

    private async Task<LdapMessage> AskAsync(byte[] request, int id, int expected, CancellationToken ct)
    {
        await SendAsync(request, ct);
        var answer = await ReceiveAsync(id, ct);
        return answer.Operation == expected ? answer : throw Break($"an answer of kind {answer.Operation} where {expected} is due");
    }

    private async Task SendAsync(byte[] message, CancellationToken ct)
    {
        // Until the answer is whole.
        IsBroken = true;
        try
        {
            await _stream.WriteAsync(message, ct);
            await _stream.FlushAsync(ct);
        }
        catch (IOException e)
        {
            throw new LdapException($"the directory is gone: {e.Message}", isConnectionLost: true, e);
        }
    }

    private async Task<LdapMessage> ReceiveAsync(int id, CancellationToken ct)
    {
        try
        {
            var whole = await ReadWholeAsync(ct);
            var message = Decode(whole, LdapCodec.Read);
            if (message.Id == 0)
                throw new LdapException("the directory ends the connection", isConnectionLost: true);
            if (message.Id != id)
                throw Break("an answer to another question");
            IsBroken = message.Operation is LdapCodec.SearchEntry or LdapCodec.SearchReference;
            return message;
        }
        catch (IOException e)
        {
            throw new LdapException($"the directory is gone: {e.Message}", isConnectionLost: true, e);
        }
    }

    private T Decode<T>(LdapMessage message, Func<AsnReader, T> decode) => Decode(message.Content, decode);

    private TResult Decode<T, TResult>(T encoded, Func<T, TResult> decode)
    {
        try
        {
            return decode(encoded);
        }
        catch (AsnContentException e)
        {
            throw Break($"what is not LDAP: {e.Message}");
        }
    }

    // SEQUENCE, length, content; lengths of up to four bytes.
    private async Task<byte[]> ReadWholeAsync(CancellationToken ct)
    {
        var head = new byte[6];
        await _stream.ReadExactlyAsync(head.AsMemory(0, 2), ct);
        if (head[0] != 0x30 || head[1] is 0x80 or > 0x84)
            throw Break("a message that does not begin as one");
        var lengthBytes = head[1] > 0x80 ? head[1] & 0x7f : 0;
        await _stream.ReadExactlyAsync(head.AsMemory(2, lengthBytes), ct);
        long length = lengthBytes == 0 ? head[1] : 0;
        for (var i = 0; i < lengthBytes; i++)
            length = (length << 8) | head[2 + i];
        if (length > MaxMessageBytes)
            throw Break($"a message of {length} bytes");
        var message = new byte[2 + lengthBytes + length];
        head.AsSpan(0, 2 + lengthBytes).CopyTo(message);
        await _stream.ReadExactlyAsync(message.AsMemory(2 + lengthBytes), ct);
        return message;
    }

    private LdapException Break(string what)
    {
        IsBroken = true;
        return new LdapException($"the directory sent {what}");
    }
}
