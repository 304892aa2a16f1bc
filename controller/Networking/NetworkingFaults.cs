using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Networking;

/// <summary>
/// Status codes and the envelope <c>{"NeutronError": {"type", "message", "detail"}}</c>. Source: neutron_lib/api/faults.py,
/// neutron/api/api_common.py convert_exception_to_http_exc; the 401 is keystonemiddleware's.
/// </summary>
internal static class NetworkingFaults
{
    public static Task WriteAsync(HttpContext http, Fault fault, CancellationToken ct)
    {
        http.Response.StatusCode = StatusOf(fault.Kind);
        http.Response.ContentType = "application/json";
        using var writer = new Utf8JsonWriter(http.Response.BodyWriter, JsonBody.Options);
        writer.WriteStartObject();
        if (fault.Kind == FaultKind.Unauthorized)
            WriteUnauthorized(writer, fault);
        else
            WriteNeutronError(writer, fault);
        writer.WriteEndObject();
        writer.Flush();
        return http.Response.BodyWriter.FlushAsync(ct).AsTask();
    }

    private static int StatusOf(FaultKind kind) => kind switch
    {
        FaultKind.Unauthorized => 401,
        FaultKind.Forbidden => 403,
        FaultKind.NotFound => 404,
        FaultKind.MethodNotAllowed => 405,
        FaultKind.NotAcceptable => 406,
        FaultKind.Conflict or FaultKind.WrongState or FaultKind.OverQuota => 409,
        FaultKind.Gone => 410,
        FaultKind.PreconditionFailed => 412,
        FaultKind.TooLarge => 413,
        FaultKind.UnsupportedMediaType => 415,
        FaultKind.OverRate => 429,
        FaultKind.Internal => 500,
        FaultKind.Unavailable => 503,
        _ => 400,
    };

    private static void WriteUnauthorized(Utf8JsonWriter writer, Fault fault)
    {
        writer.WriteStartObject("error");
        writer.WriteNumber("code", 401);
        writer.WriteString("title", "Unauthorized");
        writer.WriteString("message", fault.Public);
        writer.WriteEndObject();
    }

    private static void WriteNeutronError(Utf8JsonWriter writer, Fault fault)
    {
        writer.WriteStartObject("NeutronError");
        // Codes of the shared pipeline (body and policy) are not Neutron's exception names.
        var isPolicy = fault.Kind == FaultKind.Forbidden && fault.Code is { } rule && char.IsAsciiLetterLower(rule[0]);
        writer.WriteString("type", isPolicy ? "PolicyNotAuthorized" : TypeOf(fault));
        writer.WriteString("message", isPolicy ? $"rule:{fault.Code} is disallowed by policy" : MessageOf(fault));
        writer.WriteString("detail", "");
        writer.WriteEndObject();
    }

    private static string TypeOf(Fault fault) => fault.Code switch
    {
        null => DefaultType(fault.Kind),
        Body.EmptyBody or Body.MalformedBody => "HTTPBadRequest",
        var code => code,
    };

    private static string MessageOf(Fault fault) => fault.Code switch
    {
        Body.EmptyBody => "Resource body required",
        Body.MalformedBody => "Body contains invalid data",
        _ => fault.Public,
    };

    private static string DefaultType(FaultKind kind) => kind switch
    {
        FaultKind.Forbidden => "HTTPForbidden",
        FaultKind.NotFound => "HTTPNotFound",
        FaultKind.MethodNotAllowed => "HTTPMethodNotAllowed",
        FaultKind.Conflict or FaultKind.WrongState => "HTTPConflict",
        FaultKind.PreconditionFailed => "HTTPPreconditionFailed",
        FaultKind.TooLarge => "HTTPRequestEntityTooLarge",
        FaultKind.UnsupportedMediaType => "HTTPUnsupportedMediaType",
        FaultKind.Internal => "HTTPInternalServerError",
        FaultKind.Unavailable => "HTTPServiceUnavailable",
        _ => "HTTPBadRequest",
    };
}
