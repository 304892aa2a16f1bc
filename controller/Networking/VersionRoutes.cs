using Appliance.Controller.Http;

namespace Appliance.Controller.Networking;

/// <summary>Version discovery. Source: neutron/pecan_wsgi/controllers/root.py, neutron/api/root_app.py.</summary>
internal static class VersionRoutes
{
    public static void Map(ApiRoutes routes)
    {
        routes.Get("", ListAsync).Public();
        routes.Get("/v2.0", ShowAsync).Public();
    }

    private static Task<ApiResult> ListAsync(ApiRequest request, CancellationToken ct) => Task.FromResult(ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("versions");
        json.WriteStartObject();
        json.WriteString("id", "v2.0");
        json.WriteString("status", "CURRENT");
        json.WriteStartArray("links");
        json.WriteStartObject();
        json.WriteString("rel", "self");
        json.WriteString("href", request.BaseUrl + "/v2.0/");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }));

    // The real service lists the collections here.
    private static Task<ApiResult> ShowAsync(ApiRequest request, CancellationToken ct) => Task.FromResult(ApiResult.Ok(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("resources");
        foreach (var (name, collection) in Collections)
        {
            json.WriteStartObject();
            json.WriteStartArray("links");
            json.WriteStartObject();
            json.WriteString("href", $"{request.BaseUrl}/v2.0/{collection}");
            json.WriteString("rel", "self");
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteString("name", name);
            json.WriteString("collection", collection);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }));

    private static readonly (string Name, string Collection)[] Collections = [("subnet", "subnets"), ("subnetpool", "subnetpools"), ("network", "networks"), ("port", "ports")];
}
