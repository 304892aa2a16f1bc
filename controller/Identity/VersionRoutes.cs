using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Identity;

/// <summary>Version discovery at <c>/identity</c> and <c>/identity/v3</c>, for everybody. Source: keystone/api/discovery.py.</summary>
internal sealed class VersionRoutes(IdentityContext context)
{
    public void Map(ApiRoutes routes)
    {
        routes.Get("", ListAsync).Public();
        routes.Head("", ListAsync).Public();
        routes.Get("/v3", ShowAsync).Public();
        routes.Head("/v3", ShowAsync).Public();
    }

    private Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct)
    {
        var v3 = context.V3Url(request) + "/";
        return Task.FromResult(ApiResult.Json(StatusCodes.Status300MultipleChoices, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("versions");
            writer.WriteStartArray("values");
            WriteVersion(writer, v3);
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }).With("Location", v3));
    }

    private Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var v3 = context.V3Url(request) + "/";
        return Task.FromResult(ApiResult.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("version");
            WriteVersion(writer, v3);
            writer.WriteEndObject();
        }));
    }

    private static void WriteVersion(Utf8JsonWriter writer, string v3)
    {
        writer.WriteStartObject();
        writer.WriteString("id", "v3.14");
        writer.WriteString("status", "stable");
        writer.WriteString("updated", "2020-04-07T00:00:00Z");
        writer.WriteStartArray("links");
        writer.WriteStartObject();
        writer.WriteString("rel", "self");
        writer.WriteString("href", v3);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteStartArray("media-types");
        writer.WriteStartObject();
        writer.WriteString("base", "application/json");
        writer.WriteString("type", "application/vnd.openstack.identity-v3+json");
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
