using System.Net;
using System.Text;
using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Images;

/// <summary>
/// Glance's errors: WebOb's page, as HTML unless the client prefers JSON or plain text. Clients read the explanation out of the page.
/// Source: webob/exc.py <c>generate_response</c>; statuses from glance/api/v2/images.py.
/// </summary>
internal static class ImageFaults
{
    public static Fault NotFound(string imageId) => new(FaultKind.NotFound, $"No image found with ID {imageId}");

    public static Fault NoBody => new(FaultKind.Invalid, "Body expected in request.");

    public static Fault Schema(string name, string message) =>
        new(FaultKind.Invalid, $"Provided object does not match schema '{name}': {message}");

    public static Task WriteAsync(HttpContext http, Fault fault, CancellationToken ct)
    {
        var (status, title) = StatusOf(fault.Kind);
        http.Response.StatusCode = status;
        var accept = http.Request.Headers.Accept.ToString();
        var wantsJson = accept.Contains("application/json", StringComparison.OrdinalIgnoreCase)
            && !accept.Contains("text/html", StringComparison.OrdinalIgnoreCase);
        var bytes = wantsJson ? JsonPage(fault.Public, status, title) : HtmlPage(fault.Public, status, title);
        http.Response.ContentType = wantsJson ? "application/json" : "text/html; charset=UTF-8";
        http.Response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : http.Response.Body.WriteAsync(bytes, ct).AsTask();
    }

    private static byte[] JsonPage(string explanation, int status, string title)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, JsonBody.Options);
        json.WriteStartObject();
        json.WriteString("message"u8, explanation + "<br /><br />\n\n\n");
        json.WriteString("code"u8, $"{status} {title}");
        json.WriteString("title"u8, title);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] HtmlPage(string explanation, int status, string title) => Encoding.UTF8.GetBytes(
        $"""
        <html>
         <head>
          <title>{status} {title}</title>
         </head>
         <body>
          <h1>{status} {title}</h1>
          {WebUtility.HtmlEncode(explanation)}<br /><br />



         </body>
        </html>
        """);

    private static (int Status, string Title) StatusOf(FaultKind kind) => kind switch
    {
        FaultKind.Invalid => (400, "Bad Request"),
        FaultKind.Unauthorized => (401, "Unauthorized"),
        FaultKind.Forbidden => (403, "Forbidden"),
        FaultKind.NotFound => (404, "Not Found"),
        FaultKind.MethodNotAllowed => (405, "Method Not Allowed"),
        FaultKind.NotAcceptable => (406, "Not Acceptable"),
        FaultKind.WrongState or FaultKind.Conflict => (409, "Conflict"),
        FaultKind.Gone => (410, "Gone"),
        FaultKind.PreconditionFailed => (412, "Precondition Failed"),
        FaultKind.TooLarge or FaultKind.OverQuota => (413, "Request Entity Too Large"),
        FaultKind.UnsupportedMediaType => (415, "Unsupported Media Type"),
        FaultKind.RangeNotSatisfiable => (416, "Requested Range Not Satisfiable"),
        FaultKind.OverRate => (429, "Too Many Requests"),
        FaultKind.Unavailable => (503, "Service Unavailable"),
        _ => (500, "Internal Server Error"),
    };
}
