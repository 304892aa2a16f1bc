using System.Buffers;
using System.Text.Json;

namespace Appliance.Controller.Http;

/// <summary>Reads request bodies. Every way a body can be bad is a <see cref="Fault"/> with words; framework binding would answer empty 400s.</summary>
internal static class Body
{
    // Deeper nesting has no meaning in any API here and costs stack in every reader.
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64, AllowDuplicateProperties = true };

    public static async Task<Outcome<JsonElement>> ReadAsync(HttpContext http, long maxBytes, CancellationToken ct)
    {
        if (!IsJson(http.Request.ContentType))
            return new Fault(FaultKind.UnsupportedMediaType, $"The server does not support the content type '{http.Request.ContentType}'.");
        if (http.Request.ContentLength > maxBytes)
            return TooLarge(maxBytes);

        var reader = http.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(ct);
            if (read.Buffer.Length > maxBytes)
            {
                reader.AdvanceTo(read.Buffer.End);
                return TooLarge(maxBytes);
            }

            if (read.IsCompleted)
            {
                var outcome = Parse(http, read.Buffer);
                reader.AdvanceTo(read.Buffer.End);
                return outcome;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static Outcome<JsonElement> Parse(HttpContext http, ReadOnlySequence<byte> bytes)
    {
        if (bytes.IsEmpty)
            return new Fault(FaultKind.Invalid, "The request body is empty; a JSON object is expected.", Code: EmptyBody);

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(bytes.ToArray(), Options);
        }
        catch (JsonException)
        {
            return new Fault(FaultKind.Invalid, "Malformed request body: it is not valid JSON.", Code: MalformedBody);
        }

        if (!JsonText.IsWellFormed(document.RootElement))
        {
            document.Dispose();
            return new Fault(FaultKind.Invalid, "Malformed request body: a string is not valid Unicode.", Code: MalformedBody);
        }

        http.Response.RegisterForDispose(document);
        return document.RootElement;
    }

    /// <summary><see cref="Fault.Code"/> of an empty body, for services that answer it in their own words.</summary>
    public const string EmptyBody = "EmptyBody";

    /// <summary><see cref="Fault.Code"/> of a body that is not JSON.</summary>
    public const string MalformedBody = "MalformedBody";

    private static Fault TooLarge(long maxBytes) => new(FaultKind.TooLarge, $"Request is too large: the limit is {maxBytes} bytes.");

    // Absent is accepted: curl users and several SDKs send none, and the real services read the body all the same.
    private static bool IsJson(string? contentType) =>
        string.IsNullOrEmpty(contentType)
        || contentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase)
        || (contentType.StartsWith("application/", StringComparison.OrdinalIgnoreCase) && contentType.Contains("json", StringComparison.OrdinalIgnoreCase));
}

/// <summary>Strings of a parsed document can hold escaped lone surrogates, which nothing downstream can store or print.</summary>
internal static class JsonText
{
    public static bool IsWellFormed(JsonElement element)
    {
        try
        {
            Visit(element);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static void Visit(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    Visit(item);
                break;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    _ = member.Name;
                    Visit(member.Value);
                }

                break;
            default:
                break;
        }
    }
}
