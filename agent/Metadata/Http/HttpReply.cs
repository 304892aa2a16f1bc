using System.Text;
using Appliance.Agent.Metadata.Documents;

namespace Appliance.Agent.Metadata.Http;

/// <summary>A complete answer. Failures look as WebOb makes them for Nova's metadata API, in the form the client accepts.</summary>
internal sealed record HttpReply(string Status, string ContentType, byte[] Body)
{
    private const string Html = "text/html; charset=UTF-8";

    /// <summary>The head to send before <see cref="Body"/>.</summary>
    public byte[] Head(DateTimeOffset now, bool keepAlive) => Encoding.ASCII.GetBytes(
        $"HTTP/1.1 {Status}\r\nContent-Type: {ContentType}\r\nContent-Length: {Body.Length}\r\nDate: {now:R}\r\n"
        + $"Connection: {(keepAlive ? "keep-alive" : "close")}\r\n\r\n");

    public static HttpReply Ok(MetadataContent content) => new("200 OK", content.ContentType, content.Body);

    /// <summary>What a WSGI application answers that returns text without saying its type.</summary>
    public static HttpReply Ok(byte[] body) => new("200 OK", Html, body);

    public static HttpReply NotFound(string? accept) => Failure("404 Not Found", "The resource could not be found.", accept);

    public static HttpReply Conflict(string? accept) =>
        Failure("409 Conflict", "There was a conflict when trying to complete your request.", accept);

    public static HttpReply BadRequest(string explanation, string? accept) => Failure("400 Bad Request", explanation, accept);

    public static HttpReply LengthRequired(string? accept) => Failure("411 Length Required", "Content-Length header required.", accept);

    public static HttpReply HeadTooLarge() =>
        Failure("431 Request Header Fields Too Large", "The request's header fields are larger than this server takes.", null);

    private static HttpReply Failure(string status, string explanation, string? accept)
    {
        string title = status[4..];
        if (accept is not null && (accept.Contains("text/html", StringComparison.Ordinal) || accept.Contains("*/*", StringComparison.Ordinal)))
        {
            return new(status, Html, Encoding.UTF8.GetBytes($"""
                <html>
                 <head>
                  <title>{status}</title>
                 </head>
                 <body>
                  <h1>{status}</h1>
                  {explanation}<br /><br />



                 </body>
                </html>
                """));
        }

        if (accept?.Contains("application/json", StringComparison.Ordinal) ?? false)
        {
            return new(status, MetadataContent.Json, JsonText.Write(json =>
            {
                json.WriteStartObject();
                json.WriteString("message", explanation + "<br /><br />\n\n\n");
                json.WriteString("code", status);
                json.WriteString("title", title);
                json.WriteEndObject();
            }));
        }

        return new(status, MetadataContent.PlainText, Encoding.UTF8.GetBytes($"{status}\n\n{explanation}\n\n   "));
    }
}
