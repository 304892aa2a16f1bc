using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Compute;

/// <summary>The <c>links</c> of compute resources: the versioned address and the one without a version.</summary>
internal static class ComputeLinks
{
    /// <summary>Writes <c>links</c> with <c>self</c> and <c>bookmark</c>.</summary>
    /// <param name="collection">For example <c>servers</c>.</param>
    public static void Write(Utf8JsonWriter json, ApiRequest request, string collection, string id)
    {
        json.WriteStartArray("links");
        WriteOne(json, "self", $"{request.BaseUrl}/v2.1/{collection}/{id}");
        WriteBookmark(json, request, collection, id);
        json.WriteEndArray();
    }

    /// <summary>Writes <c>links</c> with <c>bookmark</c> alone, as for a server's flavor and image.</summary>
    public static void WriteBookmarkOnly(Utf8JsonWriter json, ApiRequest request, string collection, string id)
    {
        json.WriteStartArray("links");
        WriteBookmark(json, request, collection, id);
        json.WriteEndArray();
    }

    /// <summary>Writes <c>{collection}_links</c> with the address of the next page.</summary>
    public static void WriteNext(Utf8JsonWriter json, ApiRequest request, string collection, string lastId)
    {
        json.WriteStartArray(collection + "_links");
        WriteOne(json, "next", Page.NextUrl(request, lastId));
        json.WriteEndArray();
    }

    private static void WriteBookmark(Utf8JsonWriter json, ApiRequest request, string collection, string id) =>
        WriteOne(json, "bookmark", $"{request.BaseUrl}/{collection}/{id}");

    private static void WriteOne(Utf8JsonWriter json, string relation, string address)
    {
        json.WriteStartObject();
        json.WriteString("rel", relation);
        json.WriteString("href", address);
        json.WriteEndObject();
    }
}
