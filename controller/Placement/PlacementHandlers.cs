using Appliance.Controller.Http;
using Microsoft.Net.Http.Headers;

namespace Appliance.Controller.Placement;

/// <summary>What an operation asks of a request before its handler runs (placement/microversion.py version_handler, util.py check_accept).</summary>
internal static class PlacementHandlers
{
    private const string Json = "application/json";

    /// <summary>Answers JSON, to those who take it.</summary>
    public static ApiHandler Showing(ApiHandler handler, Microversion? since = null) => Guard(handler, since, CheckAccept);

    /// <summary>Takes a body of JSON.</summary>
    public static ApiHandler Taking(ApiHandler handler, Microversion? since = null) => Guard(handler, since, CheckContent);

    public static ApiHandler Plain(ApiHandler handler, Microversion? since = null) => Guard(handler, since, static _ => null);

    private static ApiHandler Guard(ApiHandler handler, Microversion? since, Func<ApiRequest, Fault?> check) => (request, ct) =>
    {
        if (request.Http.Request.ContentLength > 0 && string.IsNullOrEmpty(request.Http.Request.ContentType))
            return Task.FromResult<ApiResult>(PlacementFaults.Invalid("content-type header required when content-length > 0"));
        if (since is { } first && request.Version < first)
            return Task.FromResult<ApiResult>(new Fault(FaultKind.NotFound, PlacementRequest.NothingHere));
        return check(request) is { } refused ? Task.FromResult<ApiResult>(refused) : handler(request, ct);
    };

    private static Fault? CheckContent(ApiRequest request)
    {
        var type = request.Http.Request.ContentType;
        var bare = string.IsNullOrEmpty(type) ? "None" : type.Split(';')[0].Trim();
        return bare.Equals(Json, StringComparison.OrdinalIgnoreCase)
            ? null
            : new Fault(FaultKind.UnsupportedMediaType, $"The media type {bare} is not supported, use {Json}");
    }

    private static Fault? CheckAccept(ApiRequest request)
    {
        var accept = request.Http.Request.Headers.Accept;
        // A header nobody can read asks for nothing.
        return accept.Count == 0 || !MediaTypeHeaderValue.TryParseList([.. accept.OfType<string>()], out var types) || types.Any(Takes)
            ? null
            : new Fault(FaultKind.NotAcceptable, $"Only {Json} is provided");
    }

    private static bool Takes(MediaTypeHeaderValue type) => type.Quality != 0
        && (type.MatchesAllTypes || (type.Type.Equals("application", StringComparison.OrdinalIgnoreCase)
            && (type.MatchesAllSubTypes || type.SubType.Equals("json", StringComparison.OrdinalIgnoreCase))));
}
