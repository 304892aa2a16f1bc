using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Identity.Discovery;

/// <summary>
/// Version discovery at <c>/identity</c> and <c>/identity/v3</c>, for everybody; a JSON-Home document to those who prefer one.
/// Source: keystone/api/discovery.py.
/// </summary>
internal sealed class VersionRoutes(IdentityContext context)
{
    public void Map(ApiRoutes routes)
    {
        // The table is complete only when every resource has written its lines: it is read at the first request.
        var home = new Lazy<JsonHome>(() => JsonHome.Of(routes.Operations, "/identity/v3"));
        MapBoth(routes, "", ListVersions, () => home.Value.OfRoot);
        MapBoth(routes, "/v3", ShowVersion, () => home.Value.OfVersion);
    }

    private static void MapBoth(ApiRoutes routes, string path, Func<ApiRequest, ApiResult> plain, Func<ReadOnlyMemory<byte>> home)
    {
        Task<ApiResult> AnswerAsync(ApiRequest request, CancellationToken ct) =>
            Task.FromResult(VersionFormat.PrefersHome(request.Http.Request) ? ShowHome(home()) : plain(request));
        routes.Get(path, AnswerAsync).Public();
        routes.Head(path, AnswerAsync).Public();
    }

    private static ApiResult ShowHome(ReadOnlyMemory<byte> document) => ApiResult.Custom(async (http, ct) =>
    {
        http.Response.ContentType = JsonHome.MediaType;
        http.Response.ContentLength = document.Length;
        await http.Response.BodyWriter.WriteAsync(document, ct);
    });

    private ApiResult ListVersions(ApiRequest request)
    {
        var v3 = context.V3Url(request) + "/";
        return ApiResult.Json(StatusCodes.Status300MultipleChoices, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("versions");
            writer.WriteStartArray("values");
            WriteVersion(writer, v3);
            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }).With("Location", v3);
    }

    private ApiResult ShowVersion(ApiRequest request)
    {
        var v3 = context.V3Url(request) + "/";
        return ApiResult.Ok(writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("version");
            WriteVersion(writer, v3);
            writer.WriteEndObject();
        });
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
