using Appliance.Controller.Http;

namespace Appliance.Controller.Audit;

/// <summary>Errors of the product's own operations: <c>{"error": {"code", "message", "title"}}</c>, as Keystone's are.</summary>
internal static class AuditFaults
{
    public static async Task WriteAsync(HttpContext http, Fault fault, CancellationToken ct)
    {
        var (status, title) = Describe(fault.Kind);
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        var writer = JsonBody.Rent(http.Response.BodyWriter);
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteNumber("code", status);
        writer.WriteString("message", fault.Public);
        writer.WriteString("title", title);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        JsonBody.Return(writer);
        await http.Response.BodyWriter.FlushAsync(ct);
    }

    private static (int Status, string Title) Describe(FaultKind kind) => kind switch
    {
        FaultKind.Invalid => (400, "Bad Request"),
        FaultKind.Unauthorized => (401, "Unauthorized"),
        FaultKind.Forbidden => (403, "Forbidden"),
        FaultKind.NotFound => (404, "Not Found"),
        FaultKind.MethodNotAllowed => (405, "Method Not Allowed"),
        FaultKind.TooLarge => (413, "Request Entity Too Large"),
        _ => (500, "Internal Server Error"),
    };
}
