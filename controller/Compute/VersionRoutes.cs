using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute;

/// <summary>Version discovery: <c>/compute</c> lists the API versions, <c>/compute/v2.1</c> describes the one there is.</summary>
internal static class VersionRoutes
{
    // Nova's document gives this date for v2.1, and clients have seen no other.
    private const string Updated = "2013-07-23T11:33:21Z";

    public static void Map(ApiRoutes root)
    {
        root.Get("", (request, _) => Task.FromResult(List(request))).Public();
        root.Get("/v2.1", (request, _) => Task.FromResult(Show(request))).Public();
    }

    private static ApiResult List(ApiRequest request) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("versions");
        WriteVersion(json, request, isFull: false);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static ApiResult Show(ApiRequest request) => ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WritePropertyName("version");
        WriteVersion(json, request, isFull: true);
        json.WriteEndObject();
    });

    private static void WriteVersion(Utf8JsonWriter json, ApiRequest request, bool isFull)
    {
        json.WriteStartObject();
        json.WriteString("id", "v2.1");
        json.WriteString("status", "CURRENT");
        json.WriteString("version", ComputeVersions.Max.ToString());
        json.WriteString("min_version", ComputeVersions.Min.ToString());
        json.WriteString("updated", Updated);
        json.WriteStartArray("links");
        WriteLink(json, "self", $"{request.BaseUrl}/v2.1/", null);
        if (isFull)
            WriteLink(json, "describedby", "https://docs.openstack.org/", "text/html");
        json.WriteEndArray();
        if (isFull)
        {
            json.WriteStartArray("media-types");
            json.WriteStartObject();
            json.WriteString("base", "application/json");
            json.WriteString("type", "application/vnd.openstack.compute+json;version=2.1");
            json.WriteEndObject();
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteLink(Utf8JsonWriter json, string relation, string address, string? type)
    {
        json.WriteStartObject();
        json.WriteString("rel", relation);
        json.WriteString("href", address);
        if (type is not null)
            json.WriteString("type", type);
        json.WriteEndObject();
    }
}
