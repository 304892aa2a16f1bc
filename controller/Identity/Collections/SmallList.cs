using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.Collections;

/// <summary>Lists that are computed whole rather than read page by page.</summary>
internal static class SmallList
{
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
