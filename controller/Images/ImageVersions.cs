using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Images;

/// <summary>Version discovery and schema documents. Source: glance/api/versions.py, glance/api/v2/schemas.py.</summary>
internal static class ImageVersions
{
    // v2.17 (Wallaby-era hiding, hashes and members are all here). Versions that only say "import" or "multi-store" are not claimed.
    private static readonly string[] Supported = ["v2.9", "v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1", "v2.0"];

    public static void Map(ApiRoutes root)
    {
        root.Get("", MultipleChoicesAsync).Public();
        root.Get("/", MultipleChoicesAsync).Public();
        root.Get("/versions", ListAsync).Public();
        root.Get("/v2/schemas/image", (_, _) => Schema(ImageSchema.WriteImageDocument)).Allow("get_image");
        root.Get("/v2/schemas/images", (_, _) => Schema(json =>
            ImageSchema.WriteListDocument(json, "images", ImageSchema.WriteImageDocument))).Allow("get_images");
        root.Get("/v2/schemas/member", (_, _) => Schema(ImageSchema.WriteMemberDocument)).Allow("get_member");
        root.Get("/v2/schemas/members", (_, _) => Schema(json =>
            ImageSchema.WriteListDocument(json, "members", ImageSchema.WriteMemberDocument))).Allow("get_members");
    }

    private static Task<ApiResult> MultipleChoicesAsync(ApiRequest request, CancellationToken ct) =>
        Task.FromResult(Document(request, StatusCodes.Status300MultipleChoices));

    private static Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) =>
        Task.FromResult(Document(request, StatusCodes.Status200OK));

    private static Task<ApiResult> Schema(Action<Utf8JsonWriter> write) => Task.FromResult(ApiResult.Ok(write));

    private static ApiResult Document(ApiRequest request, int status) => ApiResult.Json(status, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("versions"u8);
        foreach (var version in Supported)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, version);
            json.WriteString("status"u8, version == Supported[0] ? "CURRENT" : "SUPPORTED");
            json.WriteStartArray("links"u8);
            json.WriteStartObject();
            json.WriteString("rel"u8, "self");
            json.WriteString("href"u8, $"{request.BaseUrl}/v2/");
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}
