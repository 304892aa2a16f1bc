using System.Text.Json;
using Appliance.Controller.Http;

namespace Appliance.Controller.Networking.Extensions;

/// <summary>The extensions list. Source: neutron/pecan_wsgi/controllers/extensions.py.</summary>
internal static class ExtensionRoutes
{
    public static void Map(ApiRoutes v2)
    {
        v2.Get("/extensions", ListAsync).Allow(NetworkingPolicies.AnyCaller);
        v2.Get("/extensions/{alias}", ShowAsync).Allow(NetworkingPolicies.AnyCaller);
    }

    private static Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) => Task.FromResult(ApiResult.Ok(static json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("extensions");
        foreach (var extension in ExtensionList.All)
            Write(json, extension);
        json.WriteEndArray();
        json.WriteEndObject();
    }));

    private static Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct)
    {
        var alias = request.Path("alias");
        if (ExtensionList.All.FirstOrDefault(extension => extension.Alias == alias) is not { } found)
            return Task.FromResult<ApiResult>(NeutronErrors.NotFound("HTTPNotFound", $"Extension with alias {alias} does not exist"));
        return Task.FromResult(ApiResult.Ok(json =>
        {
            json.WriteStartObject();
            json.WritePropertyName("extension");
            Write(json, found);
            json.WriteEndObject();
        }));
    }

    private static void Write(Utf8JsonWriter json, Extension extension)
    {
        json.WriteStartObject();
        json.WriteString("alias", extension.Alias);
        json.WriteString("name", extension.Name);
        json.WriteString("description", extension.Description);
        json.WriteString("updated", extension.Updated);
        json.WriteStartArray("links");
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
