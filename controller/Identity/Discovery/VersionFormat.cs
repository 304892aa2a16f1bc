using Microsoft.Net.Http.Headers;

namespace Appliance.Controller.Identity.Discovery;

/// <summary>Which of the two forms of a version document a client prefers. Source: v3_mime_type_best_match of keystone/api/discovery.py.</summary>
internal static class VersionFormat
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly MediaTypeHeaderValue Home = new(JsonHome.MediaType);

    /// <summary>Whether <c>Accept</c> ranks JSON-Home above plain JSON; JSON when it ranks them alike, names neither, or is no such header.</summary>
    public static bool PrefersHome(HttpRequest request)
    {
        var ranges = request.GetTypedHeaders().Accept;
        return QualityOf(Home, ranges) > QualityOf(Json, ranges);
    }

    // The range that says most about a type decides: application/json, then application/*, then */*.
    private static double QualityOf(MediaTypeHeaderValue type, IEnumerable<MediaTypeHeaderValue> ranges) => ranges
        .Where(type.IsSubsetOf)
        .OrderByDescending(static range => range.MatchesAllTypes ? 0 : range.MatchesAllSubTypes ? 1 : 2)
        .Select(static range => range.Quality ?? 1)
        .FirstOrDefault();
}
