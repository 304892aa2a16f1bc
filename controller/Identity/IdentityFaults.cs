using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Identity;

/// <summary>Keystone's error envelope and its words. Source: keystone/exception.py, keystone/server/flask/application.py.</summary>
internal static class IdentityFaults
{
    public const string AuthenticationRequired = "The request you have made requires authentication.";

    private const string ClientError =
        " The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.";

    /// <summary>A directory is only read: Keystone refuses in these words and says the reason to its log.</summary>
    public static readonly Fault ReadOnly = new(FaultKind.Forbidden, "You are not authorized to perform the requested action.", "directories are read-only");

    public static Fault Unauthorized(string? why = null) => new(FaultKind.Unauthorized, AuthenticationRequired, why);

    public static Fault NotFound(string what, string id) => new(FaultKind.NotFound, $"Could not find {what}: {id}.");

    /// <summary>A member is missing from the body.</summary>
    public static Fault Expecting(string attribute, string target) =>
        new(FaultKind.Invalid, $"Expecting to find {attribute} in {target}.{ClientError}");

    public static Fault Invalid(string text) => new(FaultKind.Invalid, text);

    public static Fault Conflict(string resource, string details) =>
        new(FaultKind.Conflict, $"Conflict occurred attempting to store {resource} - {details}.");

    public static Fault Forbidden(string? action = null) => new(FaultKind.Forbidden,
        $"You are not authorized to perform the requested action{(action is null ? "" : ": " + action)}.");

    public static Task WriteAsync(HttpContext http, Fault fault, CancellationToken ct)
    {
        var (status, title) = Describe(fault.Kind);
        if (status == StatusCodes.Status401Unauthorized)
            http.Response.Headers.WWWAuthenticate = $"Keystone uri=\"{http.Request.Scheme}://{http.Request.Host}/identity\"";
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        var writer = JsonBody.Rent(http.Response.BodyWriter);
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteNumber("code", status);
        writer.WriteString("message", Word(fault));
        writer.WriteString("title", title);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.Flush();
        JsonBody.Return(writer);
        return http.Response.BodyWriter.FlushAsync(ct).AsTask();
    }

    // The pipeline's own refusals in Keystone's words. A policy refusal names the rule in Fault.Code.
    private static string Word(Fault fault) => fault switch
    {
        { Kind: FaultKind.Forbidden, Code: { } rule } => $"You are not authorized to perform the requested action: {rule}.",
        { Kind: FaultKind.Invalid, Code: Body.EmptyBody or Body.MalformedBody } => Expecting("valid JSON", "request body").Public,
        { Kind: FaultKind.UnsupportedMediaType } => Expecting("application/json", "Content-Type header").Public,
        _ => fault.Public,
    };

    private static (int Status, string Title) Describe(FaultKind kind) => kind switch
    {
        FaultKind.Invalid or FaultKind.WrongState or FaultKind.UnsupportedMediaType or FaultKind.RangeNotSatisfiable or FaultKind.NotAcceptable
            or FaultKind.PreconditionFailed => (400, "Bad Request"),
        FaultKind.Unauthorized => (401, "Unauthorized"),
        FaultKind.Forbidden or FaultKind.OverQuota => (403, "Forbidden"),
        FaultKind.NotFound => (404, "Not Found"),
        FaultKind.MethodNotAllowed => (405, "Method Not Allowed"),
        FaultKind.Conflict => (409, "Conflict"),
        FaultKind.Gone => (410, "Gone"),
        FaultKind.TooLarge => (413, "Request Entity Too Large"),
        FaultKind.OverRate => (429, "Too Many Requests"),
        FaultKind.Unavailable => (503, "Service Unavailable"),
        _ => (500, "Internal Server Error"),
    };
}
