using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute;

/// <summary>
/// Errors as Nova answers them: one member named after the status, with <c>code</c> and <c>message</c>
/// (nova/api/openstack/wsgi.py, Fault). A missing or bad token is answered by keystonemiddleware in its own envelope.
/// </summary>
internal static class ComputeFaults
{
    public static Fault Invalid(string message) => new(FaultKind.Invalid, message);
    public static Fault NotFound(string message) => new(FaultKind.NotFound, message);
    public static Fault Conflict(string message) => new(FaultKind.Conflict, message);
    public static Fault Forbidden(string message) => new(FaultKind.Forbidden, message);
    public static Fault NoInstance(string id) => new(FaultKind.NotFound, $"Instance {id} could not be found.");

    /// <summary>The operation exists, but not in the microversion that was asked for.</summary>
    public static Fault NotInVersion { get; } = new(FaultKind.NotFound, "The resource could not be found.");

    public static Fault NoFlavor(string id) => new(FaultKind.NotFound, $"Flavor {id} could not be found.");

    public static async Task WriteAsync(HttpContext http, Fault fault, CancellationToken ct)
    {
        var (status, name) = StatusOf(fault.Kind);
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json; charset=UTF-8";
        var writer = JsonBody.Rent(http.Response.BodyWriter);
        writer.WriteStartObject();
        if (fault.Kind == FaultKind.Unauthorized)
            WriteUnauthorized(writer, fault);
        else
            WriteNamed(writer, name, status, fault);
        writer.WriteEndObject();
        writer.Flush();
        JsonBody.Return(writer);
        await http.Response.BodyWriter.FlushAsync(ct);
    }

    private static void WriteNamed(Utf8JsonWriter json, string name, int status, Fault fault)
    {
        json.WriteStartObject(name);
        json.WriteNumber("code", status);
        json.WriteString("message", fault.Public);
        if (status is 413 or 429)
            json.WriteString("retryAfter", "0");
        json.WriteEndObject();
    }

    private static void WriteUnauthorized(Utf8JsonWriter json, Fault fault)
    {
        json.WriteStartObject("error");
        json.WriteNumber("code", StatusCodes.Status401Unauthorized);
        json.WriteString("title", "Unauthorized");
        json.WriteString("message", fault.Public);
        json.WriteEndObject();
    }

    private static (int Status, string Name) StatusOf(FaultKind kind) => kind switch
    {
        FaultKind.Invalid => (400, "badRequest"),
        FaultKind.Unauthorized => (401, "unauthorized"),
        FaultKind.Forbidden or FaultKind.OverQuota => (403, "forbidden"),
        FaultKind.NotFound => (404, "itemNotFound"),
        FaultKind.MethodNotAllowed => (405, "badMethod"),
        FaultKind.NotAcceptable => (406, "computeFault"),
        FaultKind.WrongState or FaultKind.Conflict => (409, "conflictingRequest"),
        FaultKind.Gone => (410, "computeFault"),
        FaultKind.PreconditionFailed => (412, "computeFault"),
        FaultKind.TooLarge => (413, "overLimit"),
        FaultKind.UnsupportedMediaType => (415, "badMediaType"),
        FaultKind.RangeNotSatisfiable => (416, "computeFault"),
        FaultKind.OverRate => (429, "overLimit"),
        FaultKind.Unavailable => (503, "serviceUnavailable"),
        _ => (500, "computeFault"),
    };
}
