using Appliance.Controller.Http;

namespace Appliance.Controller.Placement;

/// <summary>Version discovery (placement/handlers/root.py).</summary>
internal sealed class RootRoutes(TimeProvider clock)
{
    public void Map(ApiRoutes root) => root.Get("", (request, _) => Task.FromResult(Answer(request))).Public();

    // Whoever asks for a version that is not there is told so even here; nobody has looked at it for a public operation.
    private ApiResult Answer(ApiRequest request)
    {
        if (!PlacementVersions.Range.Select(request.Http.Request.Headers).Failed(out var refused, out _))
            return Show().Fresh(request, clock.GetUtcNow());
        request.Http.Response.Headers.Remove(MicroversionRange.Header);
        return refused;
    }

    private static ApiResult Show() => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("versions");
        json.WriteStartObject();
        json.WriteString("id", "v1.0");
        json.WriteString("max_version", PlacementVersions.Max.ToString());
        json.WriteString("min_version", PlacementVersions.Min.ToString());
        json.WriteString("status", "CURRENT");
        json.WriteStartArray("links");
        json.WriteStartObject();
        json.WriteString("rel", "self");
        json.WriteString("href", "");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    });
}
