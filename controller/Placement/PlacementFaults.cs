using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Placement;

/// <summary>
/// Errors as Placement answers them: <c>{"errors": [{status, title, detail, code, request_id}]}</c> (placement/util.py, json_error_formatter).
/// The detail starts with what WebOb says of the status, and clients search it for the rest. The 401 is keystonemiddleware's.
/// </summary>
internal static class PlacementFaults
{
    public const string ConcurrentUpdate = "placement.concurrent_update";
    public const string DuplicateName = "placement.duplicate_name";
    public const string InventoryInUse = "placement.inventory.inuse";
    public const string ProviderInUse = "placement.resource_provider.inuse";
    public const string CannotDeleteParent = "placement.resource_provider.cannot_delete_parent";
    public const string ProviderNotFound = "placement.resource_provider.not_found";
    public const string DuplicateKey = "placement.query.duplicate_key";
    public const string BadValue = "placement.query.bad_value";
    public const string MissingValue = "placement.query.missing_value";
    private const string Undefined = "placement.undefined_code";

    public static Fault Invalid(string message, string code = Undefined) => new(FaultKind.Invalid, message, Code: code);
    public static Fault NotFound(string message) => new(FaultKind.NotFound, message);
    public static Fault Conflict(string message, string code = Undefined) => new(FaultKind.Conflict, message, Code: code);

    public static async Task WriteAsync(HttpContext http, Fault fault, CancellationToken ct)
    {
        var (status, title) = StatusOf(fault.Kind);
        // Nothing can be said of the version's headers when no version was chosen.
        var version = VersionOf(http);
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        var writer = JsonBody.Rent(http.Response.BodyWriter);
        writer.WriteStartObject();
        if (fault.Kind == FaultKind.Unauthorized)
            WriteUnauthorized(writer, fault);
        else
            WriteError(writer, http, fault, (status, title), version);
        writer.WriteEndObject();
        writer.Flush();
        JsonBody.Return(writer);
        await http.Response.BodyWriter.FlushAsync(ct);
    }

    private static void WriteError(Utf8JsonWriter json, HttpContext http, Fault fault, (int Code, string Title) status, Microversion? version)
    {
        json.WriteStartArray("errors");
        json.WriteStartObject();
        json.WriteNumber("status", status.Code);
        json.WriteString("title", status.Title);
        json.WriteString("detail", DetailOf(http, fault));
        if (version >= PlacementVersions.ErrorCodes)
            json.WriteString("code", fault.Code is { } code && code.StartsWith("placement.", StringComparison.Ordinal) ? code : Undefined);
        json.WriteString("request_id", http.Response.Headers[ApiGate.RequestIdHeader].ToString());
        if (fault.Kind == FaultKind.NotAcceptable && version is null)
        {
            json.WriteString("max_version", PlacementVersions.Max.ToString());
            json.WriteString("min_version", PlacementVersions.Min.ToString());
        }

        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteUnauthorized(Utf8JsonWriter json, Fault fault)
    {
        json.WriteStartObject("error");
        json.WriteNumber("code", StatusCodes.Status401Unauthorized);
        json.WriteString("title", "Unauthorized");
        json.WriteString("message", fault.Public);
        json.WriteEndObject();
    }

    private static string DetailOf(HttpContext http, Fault fault) => fault.Kind switch
    {
        FaultKind.MethodNotAllowed => $"The method {http.Request.Method} is not allowed for this resource. \n\n "
            + "The method specified is not allowed for this resource.",
        FaultKind.UnsupportedMediaType =>
            $"The request media type {http.Request.ContentType} is not supported by this server. \n\n {fault.Public}",
        FaultKind.NotAcceptable => "The resource could not be generated that was acceptable to your browser (content of type "
            + $"{http.Request.Headers.Accept}. \n\n {Reworded(http, fault)}",
        FaultKind.NotFound when fault.Code is null && fault.Public == PlacementRequest.NothingHere =>
            $"{PlacementRequest.NothingHere}\n\n   ",
        _ => $"{ExplanationOf(fault.Kind)}\n\n {Reworded(http, fault)}  ",
    };

    // What the request's way through the shared gate refuses, in this service's words.
    private static string Reworded(HttpContext http, Fault fault) => fault.Code switch
    {
        "VersionRange" => $"Invalid microversion: Unacceptable version header: {AskedVersion(http)}",
        "VersionFormat" => $"Invalid microversion: invalid version string: {AskedVersion(http)}",
        Body.EmptyBody => "Malformed JSON: Expecting value: line 1 column 1 (char 0)",
        Body.MalformedBody => $"Malformed JSON: {fault.Public}",
        { } rule when fault.Kind == FaultKind.Forbidden => $"Policy does not allow {rule} to be performed.",
        _ => fault.Public,
    };

    private static string AskedVersion(HttpContext http) => http.Request.Headers[MicroversionRange.Header].ToString()
        .Split(',', StringSplitOptions.TrimEntries).Last(static entry => entry.StartsWith("placement", StringComparison.OrdinalIgnoreCase)).Split(' ')[^1];

    // The version in use stands in the answer's header before any handler runs.
    private static Microversion? VersionOf(HttpContext http)
    {
        var header = http.Response.Headers[MicroversionRange.Header].ToString();
        return Microversion.TryParse(header[(header.LastIndexOf(' ') + 1)..], out var version) ? version : null;
    }

    private static string ExplanationOf(FaultKind kind) => kind switch
    {
        FaultKind.Invalid => "The server could not comply with the request since it is either malformed or otherwise incorrect.",
        FaultKind.Forbidden or FaultKind.OverQuota => "Access was denied to this resource.",
        FaultKind.NotFound => PlacementRequest.NothingHere,
        FaultKind.WrongState or FaultKind.Conflict => "There was a conflict when trying to complete your request.",
        FaultKind.TooLarge => "The body of your request was too large for this server.",
        FaultKind.Unavailable => "The server is currently unavailable. Please try again at a later time.",
        _ => "The server has either erred or is incapable of performing the requested operation.",
    };

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
