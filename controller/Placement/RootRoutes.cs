using Appliance.Controller.Http;

namespace Appliance.Controller.Placement;

/// <summary>Version discovery (placement/handlers/root.py).</summary>
internal static class RootRoutes
{
    public static void Map(ApiRoutes root) => root.Get("", (request, _) => Task.FromResult(Show(request))).Public();

    private static ApiResult Show(ApiRequest request) => ApiResult.Ok(json =>
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
