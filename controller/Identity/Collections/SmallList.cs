using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.Collections;

/// <summary>Lists that are computed whole rather than read page by page.</summary>
internal static class SmallList
{
    /// <summary>What a request that makes several things at once answers: <c>{"limits": […]}</c>, without links.</summary>
    public static ApiResult Created<T>(IdentityContext context, ApiRequest request, Collection<T> collection, IReadOnlyList<T> items)
    {
        var v3 = context.V3Url(request);
        return ApiResult.Json(StatusCodes.Status201Created, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray(collection.Plural);
            foreach (var item in items)
                collection.WriteItem(writer, item, v3);
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    /// <summary><c>{"name": […], "links": {"next": null, "self": …, "previous": null}}</c></summary>
    public static ApiResult Answer(IdentityContext context, ApiRequest request, string name, Action<Utf8JsonWriter> writeItems)
    {
        var self = context.SelfUrl(request);
        return ApiResult.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray(name);
            writeItems(writer);
            writer.WriteEndArray();
            writer.WriteStartObject("links");
            writer.WriteNull("next");
            writer.WriteString("self", self);
            writer.WriteNull("previous");
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }
}
