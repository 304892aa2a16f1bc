using Appliance.Controller.Http;

namespace Appliance.Controller.Placement;

/// <summary>Errors as Placement answers them: <c>{"errors": [{status, title, detail, request_id, code}]}</c> (placement/util.py, json_error_formatter).</summary>
internal static class PlacementFaults
{
    public static Fault Invalid(string message, string code = "placement.undefined_code") => new(FaultKind.Invalid, message, Code: code);
    public static Fault NotFound(string message) => new(FaultKind.NotFound, message);
    public static Fault Conflict(string message, string code = "placement.undefined_code") => new(FaultKind.Conflict, message, Code: code);

    public static async Task WriteAsync(HttpContext http, Fault fault, CancellationToken ct)
    {
        var (status, title) = StatusOf(fault.Kind);
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        var writer = JsonBody.Rent(http.Response.BodyWriter);
        writer.WriteStartObject();
        writer.WriteStartArray("errors");
        writer.WriteStartObject();
        writer.WriteNumber("status", status);
        writer.WriteString("title", title);
        writer.WriteString("detail", fault.Public);
        writer.WriteString("request_id", http.Response.Headers[ApiGate.RequestIdHeader].ToString());
        writer.WriteString("code", CodeOf(fault));
        if (fault.Kind == FaultKind.NotAcceptable)
        {
            writer.WriteString("max_version", PlacementVersions.Max.ToString());
            writer.WriteString("min_version", PlacementVersions.Min.ToString());
        }

        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        JsonBody.Return(writer);
        await http.Response.BodyWriter.FlushAsync(ct);
    }

    private static string CodeOf(Fault fault) =>
        fault.Code is { } code && code.StartsWith("placement.", StringComparison.Ordinal) ? code : "placement.undefined_code";

    private static (int Status, string Title) StatusOf(FaultKind kind) => kind switch
    {
        FaultKind.Invalid => (400, "Bad Request"),
        FaultKind.Unauthorized => (401, "Unauthorized"),
        FaultKind.Forbidden or FaultKind.OverQuota => (403, "Forbidden"),
        FaultKind.NotFound => (404, "Not Found"),
        FaultKind.MethodNotAllowed => (405, "Method Not Allowed"),
        FaultKind.NotAcceptable => (406, "Not Acceptable"),
        FaultKind.WrongState or FaultKind.Conflict => (409, "Conflict"),
        FaultKind.TooLarge => (413, "Request Entity Too Large"),
        FaultKind.UnsupportedMediaType => (415, "Unsupported Media Type"),
        FaultKind.Unavailable => (503, "Service Unavailable"),
        _ => (500, "Internal Server Error"),
    };
}
