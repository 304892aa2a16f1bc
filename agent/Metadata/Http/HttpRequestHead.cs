using System.Buffers.Text;
using System.Text;

namespace Appliance.Agent.Metadata.Http;

/// <summary>The request line and the header fields this server reads (RFC 9112). Every byte is a guest's.</summary>
/// <param name="Path">Without the query, percent signs resolved.</param>
/// <param name="ContentLength">Null: not said.</param>
/// <param name="KeepAlive">Whether the client expects to send another request.</param>
internal sealed record HttpRequestHead(
    string Method, string Path, int? ContentLength, bool HasTransferEncoding, bool KeepAlive, string? Accept, bool ExpectsContinue)
{
    /// <summary>Longer heads are refused: a guest's real ones have a few hundred bytes.</summary>
    public const int MaxLength = 8192;

    private const string HttpVersion10 = "HTTP/1.0";
    private const string HttpVersion11 = "HTTP/1.1";

    /// <summary>Finds the empty line that ends the head.</summary>
    /// <returns>The length of the head with it; -1: not there yet.</returns>
    public static int FindEnd(ReadOnlySpan<byte> received)
    {
        int end = received.IndexOf("\r\n\r\n"u8);
        return end < 0 ? -1 : end + 4;
    }

    /// <param name="head">With its empty line.</param>
    /// <returns>Null when it is no HTTP/1 request.</returns>
    public static HttpRequestHead? TryParse(ReadOnlySpan<byte> head)
    {
        int lineEnd = head.IndexOf("\r\n"u8);
        if (lineEnd < 0 || !TryParseRequestLine(head[..lineEnd], out string method, out string path, out string version))
            return null;

        var request = new HttpRequestHead(method, path, null, false, version == HttpVersion11, null, false);
        for (head = head[(lineEnd + 2)..]; !head.IsEmpty; head = head[(lineEnd + 2)..])
        {
            lineEnd = head.IndexOf("\r\n"u8);
            if (lineEnd < 0)
                return null;
            if (lineEnd == 0)
                return request;
            if (request.TryAdd(head[..lineEnd]) is not { } more)
                return null;
            request = more;
        }

        return null;
    }

    private static bool TryParseRequestLine(ReadOnlySpan<byte> line, out string method, out string path, out string version)
    {
        (method, path, version) = ("", "", "");
        string text = Encoding.Latin1.GetString(line);
        if (text.Split(' ') is not [var first, var target, HttpVersion10 or HttpVersion11] || first.Length == 0 || !IsToken(first))
            return false;

        (method, version) = (first, text[^HttpVersion11.Length..]);
        // A client that believes in a proxy names the host as well.
        int authority = target.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? target.IndexOf('/', "http://".Length) : 0;
        path = authority < 0 ? "/" : target[authority..];
        int query = path.IndexOfAny(['?', '#']);
        path = Unescape(query < 0 ? path : path[..query]);
        return path is ['/', ..];
    }

    /// <returns>Null when the line is no header field.</returns>
    private HttpRequestHead? TryAdd(ReadOnlySpan<byte> line)
    {
        int colon = line.IndexOf((byte)':');
        // A line that begins with white space continues the one before: an old form that only attackers use.
        if (colon <= 0 || !IsToken(Encoding.Latin1.GetString(line[..colon])))
            return null;

        string value = Encoding.Latin1.GetString(line[(colon + 1)..]).Trim(' ', '\t');
        switch (Encoding.Latin1.GetString(line[..colon]).ToLowerInvariant())
        {
            case "content-length":
                bool isNumber = Utf8Parser.TryParse(Encoding.Latin1.GetBytes(value), out int length, out int used) && used == value.Length;
                return isNumber && length >= 0 && (ContentLength ?? length) == length ? this with { ContentLength = length } : null;
            case "transfer-encoding":
                return this with { HasTransferEncoding = true };
            case "connection":
                return this with
                {
                    KeepAlive = value.Contains("close", StringComparison.OrdinalIgnoreCase) ? false
                    : KeepAlive || value.Contains("keep-alive", StringComparison.OrdinalIgnoreCase)
                };
            case "accept":
                return this with { Accept = value };
            case "expect":
                return this with { ExpectsContinue = value.Equals("100-continue", StringComparison.OrdinalIgnoreCase) };
            default:
                return this;
        }
    }

    private static bool IsToken(string text) => text.All(static c => c is > ' ' and < '\x7f' and not (':' or '"' or '(' or ')' or ',' or '/' or ';'));

    private static string Unescape(string path)
    {
        if (!path.Contains('%', StringComparison.Ordinal))
            return path;

        var bytes = new List<byte>(path.Length);
        for (int i = 0; i < path.Length; i++)
        {
            if (path[i] == '%' && i + 2 <= path.Length - 1
                && byte.TryParse(path.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                bytes.Add(value);
                i += 2;
            }
            else
            {
                bytes.Add((byte)path[i]);
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
